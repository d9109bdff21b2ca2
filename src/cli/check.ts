import type { SuppressionContext } from "../gate/apply_suppressions.ts";
import type { Baseline } from "../gate/baseline.ts";
import { decide } from "../gate/decide.ts";
import { findBaseline } from "../gate/find_baseline.ts";
import type { GateRun } from "../gate/gate_result.ts";
import { weighTrial } from "../diagnosis/weigh_trial.ts";
import { judgeRun, weigh } from "../gate/judge_run.ts";
import type { GateSettings } from "../gate/resolve_configuration.ts";
import { mayStartWorkers } from "../study/jobs.ts";
import { CHECK_FLAGS, type CheckValues } from "./check_flags.ts";
import { claimOutputs, type Output } from "./claim_outputs.ts";
import { defineCommand } from "./command.ts";
import { filesRead } from "./files_read.ts";
import { loadBaseline, storeBaseline } from "./gate_baseline.ts";
import { loadSettings } from "./load_settings.ts";
import { MEASURE_PERMISSIONS } from "./measure_flags.ts";
import { measureRuns } from "./measure_runs.ts";
import { oneLine } from "../words/one_line.ts";
import { type PlannedRun, planRuns, type RunPlan } from "./plan_runs.ts";
import { chooseReporters, type Reporter, writeReports } from "./reporters.ts";
import { kindOf } from "./result_kind.ts";
import { writeJson } from "../words/write_json.ts";
import { writeOutput } from "./write_output.ts";

/** `check`: measures, judges, and exits with 1 if the gate fails. */
export const check = defineCommand({
  operand: { name: "MODEL", least: 0, most: Infinity, takes: "files" },
  description: [
    "Decides whether a change can land: measures every MODEL as report does, judges it by the rules",
    "of the configuration, and exits with 1 if a finding is an error or there are more warnings than",
    "maxWarnings. Notes and suppressed findings never fail the gate.",
    "",
    "A MODEL is a file, or the name of one in the configuration. The default is every",
    "model in the configuration. Each model is checked under all its seeds: initialisation is a",
    "distribution, and one draw is not a verdict.",
    "",
    "A finding is identified by its rule (explain lists them) and its layer. The configuration sets the",
    "level and the thresholds of each rule, and which findings are suppressed and why.",
  ].join("\n"),
  flags: CHECK_FLAGS,
  sections: [
    ["configuration", [
      "JSON with comments and trailing commas. gradient-health.schema.json describes every key and its " +
      "default; editors and this program validate against it:",
      "extends: the preset to start from: recommended (every rule with its defaults), strict " +
      "(warnings fail too), or init (only rules about the initial weights).",
      "models: a list of { path, name, batch, objective, examples, seeds, trained, register }; paths " +
      "are relative to the folder of the configuration.",
      "plugins: modules that export your own rules, made by defineRule(); their names have a prefix " +
      "and a slash, as in team/wide-layers.",
      'rules: by name "off", "warn" (its errors count as warnings), "error" (the severity of the rule), ' +
      'or ["error", { ...thresholds }].',
      "suppressions: a list of { rule, layer, reason, model, until }. Unused and " +
      "expired suppressions are reported.",
      "baseline: the baseline file. maxWarnings: how many warnings are allowed.",
    ]],
    ["baseline", [
      "--update-baseline stores the figures of every layer; later checks fail if a figure " +
      "changes by more than baselineFactor (2), or a share by more than baselineShare (0.25). New " +
      "or missing layers and new or renamed models are only noted. Writes are atomic and safe under " +
      "concurrency.",
    ]],
    ["reporters", [
      "text for people; json with all measurements; junit for GitLab, Jenkins and " +
      "others; github: annotations, and a summary appended to $GITHUB_STEP_SUMMARY; markdown for " +
      "a comment on a pull request; sarif 2.1.0 for code scanning.",
    ]],
    ["files", [
      "gradient-health.json or .jsonc, deno.json or .jsonc (the key gradientHealth): the " +
      "configuration. gradient-health.baseline.json: the baseline.",
    ]],
  ],
  examples: [
    ["check examples/digits.ts", "fail the build if the initialisation is unhealthy"],
    ["check model.json --batch batch.json --quiet", "a model from disk, on real data"],
    ["check --seeds 10 --jobs auto", "every model of the configuration, ten draws of each"],
    ["check --reporter github --reporter junit=gate.xml", "annotations, and a file for the CI"],
    ["check --update-baseline", "store the current figures"],
    ["check --shard 1/3 --reporter json=part1.json", "a third of the runs, in a CI matrix"],
    ["check --print-config", "the effective configuration"],
  ],
  permissions: [
    ...MEASURE_PERMISSIONS,
    {
      grant: "--allow-read=.",
      purpose: "this folder and its parents, to look for a configuration and a baseline; not " +
        "needed with --no-config",
    },
  ],
  async run(operands, flags): Promise<number> {
    const reporters = chooseReporters(flags);
    const jobs = flags.jobs === "auto"
      ? mayStartWorkers() ? navigator.hardwareConcurrency : 1
      : flags.jobs;
    const settings = await loadSettings(flags);
    if (flags.printConfig) {
      await writeOutput(`${writeJson(settings, undefined, 2)}\n`, null);
      return 0;
    }
    const plan = await planRuns(operands, flags, settings);
    const update = flags.updateBaseline;
    await claimFiles(reporters, plan, settings, update);
    const baseline = await loadBaseline(settings, update);
    const { runs, errors, skipped } = await measureAll(
      plan,
      settings,
      update ? null : baseline,
      jobs,
      flags,
    );
    const context = { ...contextOf(plan, runs, settings), skipped };
    const result = decide(runs, settings, context);
    if (update && errors.length === 0) {
      await storeBaseline(settings.baseline, runs, context.all ? settings : null, flags.quiet);
    }
    await writeReports(reporters, result, flags);
    for (const error of errors.slice(0, -1)) console.error(`error: ${oneLine(error.message)}`);
    if (errors.length > 0) throw errors.at(-1);
    return result.passed ? 0 : 1;
  },
});

/** Makes sure that no reporter, nor the new baseline, costs a file that the gate reads. */
async function claimFiles(
  reporters: readonly Reporter[],
  { all }: RunPlan,
  { file, baseline, plugins }: GateSettings,
  update: boolean,
): Promise<void> {
  const outputs = reporters.flatMap(({ name, out: path }): Output[] =>
    path === null ? [] : [{ path, kind: kindOf(name, "gate") }]
  );
  if (update) outputs.push({ path: baseline, kind: "baseline" });
  if (outputs.length === 0) return;
  const requests = all.map(({ request }) => request);
  const code = [
    ...plugins,
    ...requests.flatMap(({ model, register }) => [model, ...register]),
  ];
  // Where no baseline is yet, a report would be taken for one by the next check.
  const data = [file, update ? null : baseline, ...requests.map(({ batch }) => batch)];
  await claimOutputs(outputs, await filesRead(code, data));
}

/** Makes the runs and judges each, to the first that fails where that is asked for. */
async function measureAll(
  { runs: planned, all }: RunPlan,
  settings: GateSettings,
  baseline: Baseline | null,
  jobs: number,
  flags: CheckValues,
): Promise<{ runs: GateRun[]; errors: Error[]; skipped: number }> {
  const runs: GateRun[] = [];
  const errors: Error[] = [];
  const names = [...settings.models, ...all.map(({ model }) => ({ name: model }))]
    .map(({ name }) => name);
  await measureRuns(planned, jobs, flags.quiet, (plan, outcome) => {
    const { model, trained, request: { model: path, seed } } = plan;
    const run: GateRun = { model, path, seed, measurements: null, error: null, findings: [] };
    if ("error" in outcome) {
      errors.push(outcome.error);
      run.error = outcome.error.message;
    } else {
      const { measurements, trial, diagnosis, findings } = outcome.examination;
      run.measurements = measurements;
      run.diagnosis = diagnosis;
      const entry = baseline && findBaseline(baseline, measurements, { name: model, seed, names });
      // A worker knows neither the baseline nor rules of plugins.
      const found = judgeRun(measurements, settings.rules, {
        baseline: entry,
        trained: trained ?? undefined,
      });
      const shown = findings.filter(({ rule }) => rule === "trial");
      run.findings = [
        ...weighTrial(found, trial),
        ...settings.rules.trial.level === "off" ? [] : weigh(shown, settings.rules.trial.level),
      ];
    }
    runs.push(run);
    return !flags.failFast || passesAlone(run, settings);
  });
  return { runs, errors, skipped: planned.length - runs.length };
}

function passesAlone(run: GateRun, settings: GateSettings): boolean {
  const context = { today: today(), complete: new Set<string>(), all: false, skipped: 0 };
  const { summary } = decide([run], settings, context);
  return summary.errors + summary.unmeasured === 0;
}

/** Which models have been checked whole, so that an unmatched suppression is one. */
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
