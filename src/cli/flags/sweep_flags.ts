import { type StudyGrid, withCriticalScales } from "../../study/study_grid.ts";
import type { NamedNetwork } from "../../study/study_options.ts";
import { INITIALIZERS } from "../../ground/theory/initializers.ts";
import { oneLine } from "../../ground/words/failure.ts";
import { roundTo } from "../../ground/words/numbers.ts";
import { showValue, showWord } from "../../ground/words/show_value.ts";
import { type FormatName, FORMATS, formatsOf } from "../formats.ts";
import {
  boolean,
  file,
  type FlagValues,
  listOf,
  oneOf,
  parsed,
  pattern,
  readInteger,
  readWord,
  requireDistinct,
  UsageError,
  usual,
} from "../kit/flag.ts";
import type { StudyRequest } from "../measure_study.ts";
import type { Output } from "../kit/claim_outputs.ts";
import {
  jobsFlag,
  MEASURE_FLAGS,
  PLUGIN_FLAG,
  QUIET_FLAG,
  seedsFlag,
  shardFlag,
} from "./measure_flags.ts";
import { columnsFlag, FORCE_FLAG, OPEN_FLAG, TEXT_FLAGS } from "./show_flags.ts";
import { refusal } from "../../ground/words/input_error.ts";

/** Minimum width of heat maps. */
const LEAST_COLUMNS = 40;

const STUDY_FORMAT_HELP =
  "what to print: json and csv contain one point per draw; summary is JSON with the medians, the " +
  "quartiles and the share of healthy draws; html is a page, which --out names";

/** Default of `--format` in the help of studies that can be drawn as an image. */
export const PAGE_BY_EXTENSION = "html or svg if --out ends in it, else text";

/** Flags for running a study. */
export const STUDY_RUN_FLAGS = {
  plugin: PLUGIN_FLAG,
  jobs: usual(
    "runs and verdict",
    jobsFlag("number of workers; results do not depend on it", "auto"),
  ),
};

/** Flags for showing a study on stdout; `merge` has them too. */
export const STUDY_SHOW_FLAGS = {
  format: usual(
    "result",
    oneOf(formatsOf("study"), {
      help: STUDY_FORMAT_HELP,
      otherwise: "html if --out ends in .html, else text",
    }),
  ),
  force: FORCE_FLAG,
  open: OPEN_FLAG,
  ...TEXT_FLAGS,
  columns: columnsFlag(LEAST_COLUMNS),
  quiet: QUIET_FLAG,
};

/** Values of flags, with the format that they choose. */
export type Chosen<Values> = Values & { format: FormatName };

/** Decides what goes to `--out`: the study itself, or a page that shows it. */
export function destinations(
  { format, out }: { format: FormatName; out: string | null },
): { study: string | null; page: string | null } {
  return FORMATS[format].isPage ? { study: null, page: out } : { study: out, page: null };
}

/** Returns the output for `--out`. */
export function studyOutput(format: FormatName, path: string): Output {
  return FORMATS[format].isPage ? { path } : { path, extends: "study" };
}

/** Flags of `merge`, which also shows what `scale` wrote. */
export const MERGE_FLAGS = {
  out: file("write", {
    help: "write the whole study there, as JSON; the page for --format html; or the whole report",
  }),
  ...STUDY_SHOW_FLAGS,
  format: oneOf([...new Set([...formatsOf("study"), ...formatsOf("growth")])], {
    help: STUDY_FORMAT_HELP,
    otherwise: PAGE_BY_EXTENSION,
  }),
};

/** Values of the flags of `merge`. */
export type MergeValues = FlagValues<typeof MERGE_FLAGS>;

/** Six factors of ten; lower ones for the exercise's weights, which are 894 times too large. */
const SCALES = { dense: "0.001..1000", exercise: "0.00001..10", model: "0.001..1000" };
const DEPTHS = { dense: [10], exercise: [10], model: undefined };
const WIDTHS = { dense: [64], exercise: [20], model: undefined };
const ACTIVATIONS = ["relu", "tanh", "sigmoid", "selu"];
const SEEDS = 5;

/** Flags of `sweep`. */
export const SWEEP_FLAGS = {
  scale: usual(
    "runs and verdict",
    parsed({
      value: "RANGE|LIST",
      help: "what to multiply the kernels by: 0.001..1000 (10 per decade), 0.001..1000:25, or " +
        "0.5,1,1/894; in a range also the critical scale of each activation",
      otherwise: `${SCALES.dense}; --exercise: ${SCALES.exercise}`,
      read: (text, place) => ({ scales: parseScales(text, place), isRange: text.includes("..") }),
    }),
  ),
  scaleLayers: pattern("scale only the kernels of layers whose name matches"),
  activation: usual(
    "runs and verdict",
    listOf((word) => word, {
      help: "activations to compare",
      otherwise: `${ACTIVATIONS}; MODEL: its own`,
    }),
  ),
  seeds: usual(
    "runs and verdict",
    seedsFlag(
      "N draws of weights and batch at each scale (seeds 0 to N - 1), or the seeds of a list: " +
        "1,2,5 or 0..9",
      { most: 1_000_000, otherwise: String(SEEDS) },
    ),
  ),
  depth: usual(
    "runs and verdict",
    listOf((word, place) => readInteger(word, place, { least: 1, most: 1000 }), {
      help: "how many hidden layers",
      otherwise: String(DEPTHS.dense),
    }),
  ),
  width: usual(
    "runs and verdict",
    listOf((word, place) => readInteger(word, place, { least: 1, most: 100_000 }), {
      help: "units of a hidden layer",
      otherwise: `${WIDTHS.dense}; --exercise: ${WIDTHS.exercise}`,
    }),
  ),
  initializer: listOf(
    // TensorFlow.js itself spells it leCunNormal.
    (word, place) =>
      INITIALIZERS.find((name) => name.toLowerCase() === word.toLowerCase()) ??
        readWord(word, place, INITIALIZERS),
    {
      help: "lecunNormal, heNormal, glorotUniform, orthogonal ...",
      otherwise: "lecunNormal",
      takes: INITIALIZERS,
    },
  ),
  exercise: usual("runs and verdict", boolean("study the exercise's network instead, std 200")),
  ...MEASURE_FLAGS,
  ...STUDY_RUN_FLAGS,
  out: usual(
    "result",
    file("write", {
      help: "write the study there as JSON, updated continuously; the page for --format html",
    }),
  ),
  resume: usual("result", boolean("resume from --out FILE")),
  shard: shardFlag("measure only the I-th of N parts; merge joins them"),
  ...STUDY_SHOW_FLAGS,
};

/** Values of the flags of `sweep`, with the format chosen. */
export type SweepValues = Chosen<FlagValues<typeof SWEEP_FLAGS>>;

/**
 * Converts the flags of `sweep` to a request.
 *
 * @throws {UsageError} If flags exclude each other.
 */
export function sweepRequest(model: string | undefined, flags: SweepValues): StudyRequest {
  const { register, weights, resume, force } = flags;
  requireSubjectFlags(model, flags);
  const { study } = destinations(flags);
  requireResumable(flags, study);
  return {
    subject: model === undefined
      ? { network: networkOf(flags) }
      : { model, register, ...weights === null ? {} : { weights } },
    grid: gridOf(model, flags),
    options: {
      examples: flags.examples === "auto" ? undefined : flags.examples,
      microBatch: flags.microBatch,
      batch: flags.batch,
      objective: flags.objective,
      scaleLayers: flags.scaleLayers,
      trust: flags.trust,
      relaxedSimd: !flags.portable,
      jobs: flags.jobs,
      shard: flags.shard,
    },
    out: study,
    resume,
    force,
  };
}

/** Rejects flags for a model if none is given, and flags for built-in networks if one is given. */
function requireSubjectFlags(model: string | undefined, flags: SweepValues): void {
  const { exercise, depth, width, register, weights } = flags;
  if (model !== undefined) {
    for (const [name, given] of Object.entries({ exercise, depth, width })) {
      if (!given) continue;
      throw new UsageError(
        refusal`--${name} is given with MODEL ${
          showWord(model)
        }, expected no MODEL: sweep builds the network`,
      );
    }
  }
  if (model === undefined && register.length > 0) {
    throw new UsageError(refusal`--register is for the custom layers of MODEL, expected MODEL too`);
  }
  if (model === undefined && weights !== null) {
    throw new UsageError(refusal`--weights is for MODEL, expected MODEL too`);
  }
}

/** Rejects `--resume` without a study to continue. */
export function requireResumable(
  { resume, force, out, format }: Pick<SweepValues, "resume" | "force" | "out" | "format">,
  study: string | null,
): void {
  if (resume && out !== null && study === null) {
    throw new UsageError(
      refusal`--resume is given with --out ${
        oneLine(out)
      }, whose format is ${format}, expected a study`,
    );
  }
  if (resume && force) {
    throw new UsageError(
      refusal`--resume is given with --force, which replaces a study, expected either`,
    );
  }
  if (resume && out === null) {
    throw new UsageError(
      refusal`--resume is given without --out FILE, expected both: it continues the study there`,
    );
  }
}

/** Returns the network that sweep builds without a model. */
function networkOf({ exercise }: SweepValues): NamedNetwork["network"] {
  return exercise ? "exercise" : "dense";
}

function gridOf(model: string | undefined, flags: SweepValues): StudyGrid {
  const { depth, width } = flags;
  const network = networkOf(flags);
  const kind = model === undefined ? network : "model";
  const { scales, isRange } = flags.scale ??
    { scales: parseScales(SCALES[kind], "--scale"), isRange: true };
  const built = {
    network,
    activations: flags.activation ?? ACTIVATIONS,
    initializers: flags.initializer ?? [],
    widths: width ?? WIDTHS[network],
  } as const;
  return {
    scales: isRange && model === undefined ? withCriticalScales(scales, built) : scales,
    activations: flags.activation ?? (model === undefined ? ACTIVATIONS : undefined),
    initializers: flags.initializer ?? undefined,
    seeds: flags.seeds ?? SEEDS,
    depths: depth ?? DEPTHS[kind],
    widths: width ?? WIDTHS[kind],
  };
}

/** Default number of scales per factor of ten. */
const SCALES_PER_DECADE = 10;
const MAX_SCALES = 10_000;

/**
 * Reads `--scale`: a range `0.001..1000`, evenly spaced by logarithm, ten per factor of ten; a
 * range with its number of scales, `0.001..1000:25`; or a list, `0.5,1,2`. A number may be a
 * fraction, `1/894`. Inner scales of a range are rounded to four digits.
 *
 * @throws {UsageError} If it is none of these, or names a scale twice.
 */
export function parseScales(text: string, place: string): number[] {
  const wrong = () =>
    new UsageError({
      place,
      found: showValue(text),
      expected:
        "a range such as 0.001..1000 or 0.001..1000:25, or a list such as 0.5,1,2 of numbers above 0",
    });
  const number = (part: string) => {
    const [, numerator, denominator = "1"] =
      /^\s*(\d*\.?\d+(?:e[+-]?\d+)?)(?:\/(\d*\.?\d+(?:e[+-]?\d+)?))?\s*$/i.exec(part) ?? [];
    const value = Number(numerator) / Number(denominator);
    if (numerator === undefined || !(value > 0 && value < Infinity)) throw wrong();
    return value;
  };
  const range = text.split("..");
  if (range.length === 1) return requireDistinct(text.split(",").map(number), place);
  const [end, count, ...more] = range[1].split(":");
  const from = number(range[0]);
  const to = number(end);
  if (range.length > 2 || more.length > 0 || to < from) throw wrong();
  const decades = Math.log10(to / from);
  const steps = count === undefined
    ? Math.max(1, Math.round(decades * SCALES_PER_DECADE))
    : Number(count) - 1;
  if (count !== undefined && !(/^\d+$/.test(count) && steps >= 1 && steps < MAX_SCALES)) {
    throw new UsageError(
      refusal`${place} is ${showValue(text)} with ${
        showWord(count)
      } scales, expected 2 to ${MAX_SCALES}`,
    );
  }
  if (from === to) return [from];
  return Array.from({ length: steps + 1 }, (_, i) => {
    if (i === 0) return from;
    if (i === steps) return to;
    return roundTo(4, from * 10 ** (decades * i / steps));
  });
}
