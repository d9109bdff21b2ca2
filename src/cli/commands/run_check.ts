import { decide, type SuppressionContext } from "../../gate/decide.ts";
import { type Baseline, findBaseline, readBaseline } from "../../gate/find_baseline.ts";
import { GateError, type GateRun, isReadable } from "../../core/diagnosis/gate_result.ts";
import { judgeBaseline, weigh } from "../../gate/judge_run.ts";
import type { GateSettings } from "../../gate/resolve_configuration.ts";
import { isModule, sameWeights } from "../../core/model/loaded_model.ts";
import { oneLine } from "../../ground/words/failure.ts";
import { writeJson } from "../../ground/words/document.ts";
import { requireRead } from "../flags/show_flags.ts";
import { claimOutputs, type Output, requireNotImported } from "../kit/claim_outputs.ts";
import { openFile, outputPath, requireFile, writeOutput } from "../kit/write_output.ts";
import { loadSettings } from "../load_settings.ts";
import { measureRuns, type PlannedRun, planRuns, type RunPlan } from "../measure_runs.ts";
import { chooseReporters, type Reporter, writeReports } from "../reporters.ts";
import { CHECK_FLAGS, type CheckValues } from "./check.ts";

/**
 * Runs the gate: measures, judges, reports. Returns the exit code, see the declaration of the
 * subcommand.
 */
export async function run(operands: string[], flags: CheckValues): Promise<number> {
  const reporters = chooseReporters(flags);
  requireRead(CHECK_FLAGS, flags, "gate", reporters.map(({ name }) => name));
  const files = filesOf(reporters);
  requireFile(flags, files);
  const jobs = flags.jobs === "auto" ? navigator.hardwareConcurrency : flags.jobs;
  const settings = await loadSettings(flags);
  if (flags.printConfig) {
    await writeOutput(`${writeJson(settings, undefined, 2)}\n`, null);
    return 0;
  }
  const plan = await planRuns(operands, flags, settings);
  const update = flags.updateBaseline;
  const outputs = reporters.flatMap(({ out: path }): Output[] => path === null ? [] : [{ path }]);
  if (update) outputs.push({ path: settings.baseline, extends: "baseline" });
  await claimFiles(outputs, plan, settings, flags);
  const baseline = await loadBaseline(settings, { update });
  const { runs, errors, skipped } = await measureAll(plan, settings, {
    baseline: update ? null : baseline,
    outputs,
    jobs,
    quiet: flags.quiet,
    failFast: flags.failFast,
  });
  const context = { ...contextOf(plan, runs, settings), skipped };
  const result = decide(runs, settings, context);
  if (update && errors.length === 0) {
    const whole = context.all ? settings : null;
    const changed = await storeBaseline(settings.baseline, runs, whole);
    const file = oneLine(settings.baseline);
    if (!flags.quiet) {
      console.error(changed ? `stored the figures in ${file}` : `${file} is up to date`);
    }
  }
  await writeReports(reporters, result, flags);
  if (flags.open) openFile(files[0]);
  for (const error of errors.slice(0, -1)) console.error(`error: ${oneLine(error.message)}`);
  if (errors.length > 0) throw errors.at(-1);
  return result.passed ? 0 : 1;
}

/** Returns the files that reporters write, pages first. */
function filesOf(reporters: readonly Reporter[]): string[] {
  const pages = reporters.filter(({ name }) => name === "html");
  return [...pages, ...reporters].flatMap(({ out }) => out ?? []);
}

/** Checks that neither reporters nor the new baseline overwrite a file that the gate reads. */
async function claimFiles(
  outputs: readonly Output[],
  { all }: RunPlan,
  { file, baseline, plugins }: GateSettings,
  { updateBaseline: update, force }: Pick<CheckValues, "updateBaseline" | "force">,
): Promise<void> {
  if (outputs.length === 0) return;
  const requests = all.map(({ request }) => request);
  const inputs = [
    file,
    // A report written to this path before a baseline exists would be read as one by the next check.
    update ? null : baseline,
    ...plugins,
    ...requests.flatMap(({ model, register, batch, weights }) => [
      model,
      ...register,
      batch,
      weights,
    ]),
  ];
  await claimOutputs(outputs, inputs, { force });
}

/** Options of {@linkcode measureAll}. */
interface GateOptions {
  /** Figures to judge by, if any. */
  baseline: Baseline | null;
  /** Files to write in the end. */
  outputs: readonly Output[];
  /** Number of parallel runs. */
  jobs: number;
  /** True to print no progress. */
  quiet: boolean;
  /** True to stop at the first run that fails. */
  failFast: boolean;
}

/** Makes the runs and judges each; with --fail-fast, stops at the first that fails. */
async function measureAll(
  { runs: planned, all }: RunPlan,
  settings: GateSettings,
  { baseline, outputs, jobs, quiet, failFast }: GateOptions,
): Promise<{ runs: GateRun[]; errors: Error[]; skipped: number }> {
  const runs: GateRun[] = [];
  const errors: Error[] = [];
  const names = [...settings.models, ...all.map(({ model }) => ({ name: model }))]
    .map(({ name }) => name);
  const { plugins } = settings;
  await measureRuns(planned, { jobs, plugins, quiet }, async (plan, outcome) => {
    // As soon as it is known: the other runs may take an hour.
    for (const { path } of outputs) await requireNotImported(outputPath(path));
    const { model, request: { model: path, seed } } = plan;
    const run: GateRun = { model, path, seed, measurements: null, error: null, findings: [] };
    if ("error" in outcome) {
      errors.push(outcome.error);
      run.error = outcome.error.message;
    } else {
      const { measurements, diagnosis, findings } = outcome.examination;
      run.measurements = measurements;
      run.diagnosis = diagnosis;
      const entry = baseline && findBaseline(baseline, measurements, { name: model, seed, names });
      const { level } = settings.rules.trial;
      const tried = findings.filter(({ rule }) => rule === "trial");
      // Each run has been judged where it was measured, but without the baseline.
      run.findings = [
        ...findings.filter(({ rule }) => rule !== "trial"),
        ...judgeBaseline(measurements, settings.rules, entry),
        ...level === "off" ? [] : weigh(tried, level),
      ];
    }
    runs.push(run);
    return !failFast || passesAlone(run, settings);
  });
  if (!quiet) tellOfSameWeights(runs);
  return { runs, errors, skipped: planned.length - runs.length };
}

/** Names the modules whose weights do not depend on the seed. */
function tellOfSameWeights(runs: readonly GateRun[]): void {
  const fixed = runs.filter(({ path, measurements }) =>
    measurements?.seed === null && isModule(path)
  ).map(({ path }) => path);
  for (const path of new Set(fixed)) {
    if (fixed.filter((other) => other === path).length === 1) continue;
    console.error(`note: ${oneLine(sameWeights(path))}`);
  }
}

function passesAlone(run: GateRun, settings: GateSettings): boolean {
  const context = { today: today(), complete: new Set<string>(), all: false, skipped: 0 };
  const { summary } = decide([run], settings, context);
  return summary.errors + summary.unmeasured === 0;
}

/**
 * Returns the models that were checked completely, whose unmatched suppressions can be reported.
 */
function contextOf(
  { all }: RunPlan,
  runs: readonly GateRun[],
  { models }: GateSettings,
): SuppressionContext {
  const made = ({ model, request }: PlannedRun) =>
    runs.some((run) => run.model === model && run.seed === request.seed && run.error === null);
  const missing = new Set(all.filter((plan) => !made(plan)).map(({ model }) => model));
  const complete = new Set(all.map(({ model }) => model).filter((name) => !missing.has(name)));
  return {
    today: today(),
    complete,
    all: missing.size === 0 && models.every(({ name }) => complete.has(name)),
  };
}

const today = () => new Date().toISOString().slice(0, 10);

/**
 * Loads the baseline that the configuration names, or the one in the usual place if it exists and
 * may be read.
 *
 * @param options `update`: it will be updated. Then it may be missing, and an unreadable one is
 * rejected before anything is measured.
 * @throws {GateError} If it is not a baseline, or was named and does not exist.
 */
async function loadBaseline(
  { baseline, baselineNamed, rules }: GateSettings,
  { update }: { update: boolean },
): Promise<Baseline | null> {
  if (update) return await readBaseline(baseline);
  if (rules.baseline.level === "off") return null;
  if (!baselineNamed && !isReadable(baseline)) return null;
  const stored = await readBaseline(baseline);
  if (stored === null && baselineNamed) {
    throw new GateError({
      place: "the baseline",
      found: "missing",
      expected: "one that check wrote",
      meant: ": write one with --update-baseline",
    }).within(baseline);
  }
  return stored;
}

/**
 * Stores the figures of the runs.
 *
 * @param runs The runs, all of them measured.
 * @param whole The configuration, if all of it was checked: entries of models outside it are
 * removed.
 * @returns True if the file has changed.
 */
async function storeBaseline(
  file: string,
  runs: readonly GateRun[],
  whole: GateSettings | null,
): Promise<boolean> {
  const { updateBaseline, writeBaseline } = await import("../../gate/write_baseline.ts");
  const names = whole === null || whole.models.length === 0
    ? null
    : [...whole.models.map(({ name }) => name), ...runs.map(({ model }) => model)];
  const measured = runs.map(({ model, seed, measurements }) => ({
    model,
    seed,
    measurements: measurements!,
  }));
  return await writeBaseline(
    outputPath(file),
    (stored) => updateBaseline(stored, measured, { names }),
  );
}
