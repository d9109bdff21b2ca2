import { builtin } from "../platform/builtins.ts";
import { diagnose } from "../core/diagnosis/diagnose.ts";
import type { Examination } from "../core/diagnosis/examine/examine.ts";
import { judgeRun } from "../gate/judge_run.ts";
import { readWeights } from "../load/read_weights.ts";
import { measureCheckpoint, measureFile } from "../checkpoint/measure_checkpoint.ts";
import { type SweepProgress, WORTH_WORKERS } from "../checkpoint/sweep_in_parallel.ts";
import { headOf, SweepJournal } from "../checkpoint/sweep_journal.ts";
import type { Measurements } from "../core/measure/measurements.ts";
import { tensorBytes } from "../files/file_types.ts";
import { isModule, isWeightsFile } from "../core/model/loaded_model.ts";
import type { WeightsFile } from "../files/weights_file.ts";
import { runRules } from "../core/rules/judge_rule.ts";
import type { Shard } from "../study/study_document.ts";
import { oneLine } from "../ground/words/failure.ts";
import { refusal } from "../ground/words/input_error.ts";
import { formatCount, formatSeconds } from "../ground/words/numbers.ts";
import { showWord } from "../ground/words/show_value.ts";
import type { MeasureRequest } from "./flags/measure_flags.ts";
import { UsageError } from "./kit/flag.ts";
import { sweepProgress } from "./kit/progress.ts";
import { host, type Permission } from "../platform/host.ts";

/**
 * Measures a file of weights, or a part of it, and shows on stderr how far it is.
 *
 * @throws {ModelError} If the file cannot be used.
 */
export async function measureWeightsOf(
  path: string,
  { threads, quiet, sample, cache, fresh, opened }: MeasureRequest,
  part: { shard: Shard; journal: string } | null = null,
): Promise<Measurements> {
  const file = opened?.file ?? await readWeights(path, { cache });
  using progress = quiet ? null : sweepProgress();
  const options = {
    ...threads === "auto" ? {} : { threads },
    onProgress: (done: SweepProgress) => progress?.update(done),
    sample,
  };
  if (part !== null) return await measureCheckpoint(file, { ...options, ...part });
  if (opened !== undefined) return await measureFile(file, { ...options, ...opened });
  return await resuming(
    [file],
    { fresh, quiet },
    (journal) => measureFile(file, { ...options, journal }),
  );
}

/**
 * Judges a file that holds weights but no topology. No engine is started and no pass is run.
 *
 * @param options `changes`: the model is to be changed, which is impossible here.
 * @throws {UsageError} If a flag needs a pass.
 * @throws {ModelError} If the file cannot be used.
 */
export async function examineWeights(
  path: string | null,
  request: MeasureRequest,
  { changes }: { changes: boolean },
): Promise<Examination> {
  const started = performance.now();
  if (path === null || isModule(path)) {
    throw new UsageError({
      place: "--weights-only",
      found: path === null ? "given without MODEL" : `given with MODEL ${showWord(path)}, a module`,
      expected: "a file with weights",
    });
  }
  if (changes) {
    throw new UsageError({
      place: "MODEL",
      found: `${showWord(path)}, which holds only weights`,
      expected: "a model.json, a .keras or .h5 file, or a module",
    });
  }
  if (request.register.length > 0) {
    throw new UsageError(
      refusal`--register is given with MODEL ${showWord(path)}, expected a model with a topology`,
    );
  }
  const why = isWeightsFile(path)
    ? `MODEL ${showWord(path)}, which holds only weights`
    : "--weights-only";
  for (const name of ["batch", "objective", "weights", "half"] as const) {
    if (request[name] === null || request[name] === false) continue;
    throw new UsageError(refusal`--${name} is given with ${why}, expected a model with a topology`);
  }
  if (request.seed !== 0 && !request.quiet) {
    console.error(`${oneLine(path)}: the weights are those of the file, whatever --seed says`);
  }
  const measurements = await measureWeightsOf(path, request);
  const { rules, trained } = request.examination;
  const findings = rules === null
    ? runRules(measurements)
    : judgeRun(measurements, rules, { trained: trained ?? undefined });
  if (!request.quiet) {
    console.error(`measured in ${formatSeconds(performance.now() - started)}`);
  }
  return {
    measurements,
    findings,
    diagnosis: diagnose(measurements, findings),
    fixes: [],
    trial: null,
    rates: null,
    fixedTrial: null,
  };
}

/** Days after which the journal of a stopped run is removed. */
const MAX_DAYS = 7;

/** Suffix of the files in the folder. */
const SUFFIX = ".progress";

/**
 * Does a work on files of weights that goes on where a run of the same command was stopped. Until
 * the work is done, its results are in a file in the user's cache folder. Nothing is kept of small
 * files, which take less than a second, or without the permission for that folder.
 *
 * @param options `fresh`: neither resumes nor keeps anything; `folder`: keeps it there instead.
 */
export async function resuming<T>(
  files: readonly WeightsFile[],
  { fresh, quiet, folder = progressFolder() }: {
    fresh: boolean;
    quiet: boolean;
    folder?: string | null;
  },
  work: (journal: SweepJournal | null) => Promise<T>,
): Promise<T> {
  using journal = fresh || sizeOf(files) < WORTH_WORKERS ? null : await openProgress(files, folder);
  if (journal !== null && (journal.size > 0 || journal.hasBegun) && !quiet) {
    const done = [
      ...journal.size > 0 ? [formatCount(journal.size, "tensor")] : [],
      ...journal.hasBegun ? ["a part of a tensor"] : [],
    ];
    console.error(
      `continues after ${done.join(" and ")} of a run that was stopped; ` +
        "--fresh starts from the beginning",
    );
  }
  const result = await work(journal);
  await journal?.remove();
  return result;
}

const sizeOf = (files: readonly WeightsFile[]) =>
  files.flatMap(({ tensors }) => tensors).reduce((sum, tensor) => sum + tensorBytes(tensor), 0);

/** Opens the journal of files in a folder; `null` if none can be kept. */
async function openProgress(
  files: readonly WeightsFile[],
  folder: string | null,
): Promise<SweepJournal | null> {
  if (folder === null) return null;
  try {
    await host.mkdir(folder, { recursive: true });
    await removeOld(folder);
    const name = builtin("crypto").createHash("sha256").update(headOf(files)).digest("hex").slice(
      0,
      24,
    );
    return await SweepJournal.open(builtin("path").join(folder, `${name}${SUFFIX}`), files);
  } catch {
    // On a full or read-only disk, the sweep runs without a journal.
    return null;
  }
}

/** Returns the folder of this program for caches; `null` if there is none, or no permission. */
function progressFolder(): string | null {
  const isGranted = (permission: Permission) =>
    host.permissions.querySync(permission).state === "granted";
  const valueOf = (variable: string) =>
    isGranted({ name: "env", variable }) ? builtin("process").env[variable] : undefined;
  const home = valueOf("HOME");
  const caches = valueOf("XDG_CACHE_HOME") || valueOf("LOCALAPPDATA") ||
    (home === undefined ? undefined : builtin("path").join(home, ".cache"));
  if (caches === undefined) return null;
  const path = builtin("path").join(caches, "gradient-health");
  return isGranted({ name: "read", path }) && isGranted({ name: "write", path }) ? path : null;
}

async function removeOld(folder: string): Promise<void> {
  for await (const { name } of host.readDir(folder)) {
    if (!name.endsWith(SUFFIX)) continue;
    const { mtime } = await host.stat(builtin("path").join(folder, name));
    const days = (Date.now() - (mtime?.getTime() ?? 0)) / 864e5;
    if (days > MAX_DAYS) await host.remove(builtin("path").join(folder, name));
  }
}
