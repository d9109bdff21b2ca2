import {
  type Difference,
  differenceOf,
  type WeightChanges,
} from "../../core/compare/difference.ts";
import { diagnose } from "../../core/diagnosis/diagnose.ts";
import { readUserText } from "../../files/user_file.ts";
import { isWeightsFile } from "../../core/model/loaded_model.ts";
import type { WeightsFile } from "../../files/weights_file.ts";
import { strayErrors } from "../../files/user_code/stray_errors.ts";
import { parseReport } from "../../core/text/report_document.ts";
import { documentKind, DOCUMENTS } from "../../ground/words/document.ts";
import { showWord } from "../../ground/words/show_value.ts";
import { type MeasureRequest, RUN_FLAGS } from "../flags/measure_flags.ts";
import { formatOf, requireRead, textOptions } from "../flags/show_flags.ts";
import { FORMATS } from "../formats.ts";
import { claimOutputs, endsOf } from "../kit/claim_outputs.ts";
import { sweepProgress } from "../kit/progress.ts";
import { UsageError } from "../kit/flag.ts";
import { requireFile, writeOutput } from "../kit/write_output.ts";
import { loadPlugins } from "../load_settings.ts";
import { examineModel } from "../measure_model.ts";
import { DIFF_FLAGS, DIFF_FORMATS, type DiffValues } from "./diff.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { host } from "../../platform/host.ts";

/** Compares two runs. Returns the exit code, see the declaration of the subcommand. */
export async function run(operands: string[], values: DiffValues): Promise<number> {
  const { format: asked, out, force, all, plugin, ...flags } = values;
  const format = formatOf(asked, out, DIFF_FORMATS);
  requireRead(DIFF_FLAGS, values, "diff", [format]);
  requireFile({ force }, out === null ? [] : [out]);
  if (out !== null) {
    const inputs = [...operands, ...flags.register, ...plugin, flags.batch, flags.weights];
    await claimOutputs([{ path: out }], inputs, { force });
  }
  const sides = sidesOf(operands, flags);
  // Read both before measuring either.
  const texts: (string | null)[] = [];
  for (const { path } of sides) texts.push(await reportText(path));
  if (sides[0].path === sides[1].path && texts[0] !== null && flags.seeds !== null) {
    throw new UsageError(
      refusal`MODEL is ${
        showWord(sides[0].path)
      }, a JSON report, expected a model to draw under --seeds`,
    );
  }
  await loadPlugins(plugin);
  const order = await missingFirst(sides);
  const isAlone = flags.seeds === null && texts.every((text) => text === null) &&
    sides.every(({ path }) => flags.weightsOnly || isWeightsFile(path));
  const compare = async (opened: OpenedSides | null) => {
    const runs: Difference["before"][] = [];
    for (const i of order) {
      const text = texts[i];
      runs[i] = text === null
        ? await measured(sides[i], flags, opened?.(i))
        : stored(sides[i].name, text);
    }
    await strayErrors.settle();
    const weights = opened === null ? null : await changesOf(opened, flags);
    return differenceOf(runs[0], runs[1], weights);
  };
  const difference = isAlone
    ? await compareFiles(sides, order, flags, compare)
    : await compare(null);
  const options = { ...textOptions(flags, out), all };
  await writeOutput(await FORMATS[format].diff!(difference, options), out, format);
  return 0;
}

/** Returns a side that is a file of weights, and the journal of both. */
type OpenedSides = (side: number) => NonNullable<MeasureRequest["opened"]>;

/** Opens two files of weights, the missing one first, and compares them. */
async function compareFiles(
  sides: readonly Side[],
  order: readonly number[],
  { cache, fresh, quiet }: Pick<DiffValues, "cache" | "fresh" | "quiet">,
  compare: (opened: OpenedSides) => Promise<Difference>,
): Promise<Difference> {
  const { readWeights } = await import("../../load/read_weights.ts");
  const { resuming } = await import("../examine_weights.ts");
  const files: WeightsFile[] = [];
  for (const i of order) files[i] = await readWeights(sides[i].path, { cache });
  return await resuming(
    files,
    { fresh, quiet },
    (journal) => compare((side) => ({ file: files[side], journal })),
  );
}

/** Compares two files of weights tensor by tensor, and shows on stderr how far it is. */
async function changesOf(
  opened: OpenedSides,
  { threads, quiet, sample }: Pick<DiffValues, "threads" | "quiet" | "sample">,
): Promise<WeightChanges> {
  const { weightChanges } = await import("../../core/compare/difference.ts");
  const { compareFiles } = await import("../../checkpoint/compare_checkpoints.ts");
  using progress = quiet ? null : sweepProgress();
  const before = opened(0);
  const after = opened(1);
  return weightChanges(
    await compareFiles(before.file, after.file, {
      ...threads === "auto" ? {} : { threads },
      onProgress: (done) => progress?.update(done),
      sample,
      journal: before.journal,
    }),
  );
}

interface Side {
  name: string;
  path: string;
  seed: number;
}

function sidesOf(operands: string[], { seed, seeds }: Pick<DiffValues, "seed" | "seeds">): Side[] {
  const [path] = operands;
  if (seeds === null) {
    if (operands.length === 1) {
      throw new UsageError(refusal`MODEL is given once, expected two, or one with two --seeds`);
    }
    return operands.map((path) => ({ name: path, path, seed: seed ?? RUN_FLAGS.seed.default }));
  }
  if (seed !== null) {
    throw new UsageError(refusal`--seed and --seeds are both given, expected one of them`);
  }
  if (operands.length === 2) {
    throw new UsageError(
      refusal`MODEL is given twice, expected once with --seeds, which compares it with itself`,
    );
  }
  if (seeds.length !== 2) {
    throw new UsageError(refusal`--seeds names ${seeds.length}, expected two, such as 0,1`);
  }
  return seeds.map((seed) => ({ name: `${path}, seed ${seed}`, path, seed }));
}

/** Returns the text of a JSON report; `null` for anything that may be a model. */
async function reportText(path: string): Promise<string | null> {
  // Unreadable files are left to the loader of models, which reports why.
  const ends = /\.json$/i.test(path) ? await endsOf(path).catch(() => null) : null;
  const kind = ends === null ? null : documentKind(ends.head);
  if (kind === null) return null;
  if (kind === "report") return await readUserText(path);
  throw new UsageError(
    refusal`${path} holds ${DOCUMENTS[kind].words}, expected a model or a JSON report`,
  );
}

/**
 * Returns the indices of the sides, missing files first: their loader rejects them before anything
 * is measured.
 */
async function missingFirst(sides: readonly Side[]): Promise<number[]> {
  const there = await Promise.all(
    sides.map(({ path }) => host.stat(path).then(() => true, () => false)),
  );
  return [...sides.keys()].sort((a, b) => Number(there[a]) - Number(there[b]));
}

function stored(name: string, text: string): Difference["before"] {
  try {
    const { measurements, findings } = parseReport(text);
    return { name, measurements, diagnosis: diagnose(measurements, findings) };
  } catch (error) {
    const { message } = error as Error;
    throw new UsageError(`${name}: ${message.replace(/^The report: /, "")}`, { cause: error });
  }
}

async function measured(
  { name, path, seed }: Side,
  { trial, trialBudget, seeds: _, ...flags }: Omit<
    DiffValues,
    "format" | "out" | "force" | "all" | "plugin"
  >,
  opened?: MeasureRequest["opened"],
): Promise<Difference["before"]> {
  const examination = { trial, trialBudget, rules: null, trained: null, histograms: false };
  const request = { ...flags, model: path, seed, examination, opened };
  const { measurements, diagnosis } = await examineModel(request, { tells: !flags.quiet });
  return { name, measurements, diagnosis };
}
