import { runRules } from "../rules/judge_rule.ts";
import { diagnose } from "../diagnosis/diagnose.ts";
import type { Examination } from "../diagnosis/examine/examine.ts";
import { judgeRun } from "../gate/judge_run.ts";
import { isModule, isWeightsFile } from "../model/loaded_model.ts";
import { measureCheckpoint, measureFile } from "../measure/checkpoint/measure_checkpoint.ts";
import type { SweepProgress } from "../measure/checkpoint/sweep_in_parallel.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Shard } from "../study/study_document.ts";
import { sweepProgress } from "./kit/progress.ts";
import { readWeights } from "../load/read_weights.ts";
import { formatSeconds } from "../words/numbers.ts";
import { oneLine } from "../words/failure.ts";
import { showWord } from "../words/show_value.ts";
import type { MeasureRequest } from "./flags/measure_flags.ts";
import { UsageError } from "./kit/flag.ts";
import { refusal } from "../words/input_error.ts";
import { resuming } from "./resume.ts";

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
