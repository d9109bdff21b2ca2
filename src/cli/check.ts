import type { SuppressionContext } from "../gate/apply_suppressions.ts";
import type { Baseline } from "../gate/baseline.ts";
import { decide } from "../gate/decide.ts";
import { findBaseline } from "../gate/find_baseline.ts";
import type { GateRun } from "../gate/gate_result.ts";
import { judgeRun } from "../gate/judge_run.ts";
import type { GateSettings } from "../gate/resolve_configuration.ts";
import { mayStartWorkers, packageFolder } from "../study/jobs.ts";
import { CHECK_FLAGS } from "./check_flags.ts";
import { claimOutputs, type Output } from "./claim_outputs.ts";
import type { Command } from "./command.ts";
import { filesRead } from "./files_read.ts";
import type { FlagValues } from "./flag.ts";
import { loadBaseline, storeBaseline } from "./gate_baseline.ts";
import { loadSettings } from "./load_settings.ts";
import { MEASURE_PERMISSIONS, WRITE_PERMISSIONS } from "./measure_flags.ts";
import { measurePasses } from "./measure_passes.ts";
import { oneLine } from "../words/one_line.ts";
import { type Pass, type PassPlan, planPasses } from "./plan_passes.ts";
import { wholeNumber } from "./read_flags.ts";
import { readReporters, type Reporter, writeReports } from "./reporters.ts";
import { kindOf } from "./result_kind.ts";
import { readColumns } from "./show_flags.ts";
import { writeJson } from "../words/write_json.ts";
import { writeOutput } from "./write_output.ts";

/** `check`: measures, judges, and exits with 1 if the gate fails. */
export const check: Command = {
  usage: "check [MODEL...] [flags]",
  operands: "file",
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
    ["check --shard 1/3 --reporter json=part1.json", "a third of the passes, in a CI matrix"],
    ["check --print-config", "the effective configuration"],
  ],
  permissions: [
    ...MEASURE_PERMISSIONS,
    "--allow-read=.  this folder and its parents, to look for a configuration and a baseline; " +
    "not needed with --no-config",
    `${WRITE_PERMISSIONS}  the folder of a reporter's FILE, and that of the baseline for --update-baseline`,
    "--allow-env=GITHUB_STEP_SUMMARY,GITHUB_WORKSPACE  for the step summary of --reporter github, " +
    "with --allow-write of the file it names, and for paths relative to the root of the checkout",
    `--allow-read=${packageFolder()}  this package, for --jobs above 1; auto works without it`,
  ],
  async run(operands: string[], flags: FlagValues): Promise<number> {
    const reporters = readReporters(flags);
    // Before anything is measured or stored, and not first when it is shown.
    readColumns(flags, false);
    const jobs = flags.jobs === "auto"
      ? mayStartWorkers() ? navigator.hardwareConcurrency : 1
      : wholeNumber(flags, "jobs", 1, 256) ?? 1;
    const settings = await loadSettings(flags);
    if (flags["print-config"] === true) {
      await writeOutput(`${writeJson(settings, undefined, 2)}\n`, null);
      return 0;
    }
    const plan = await planPasses(operands, flags, settings);
    const update = flags["update-baseline"] === true;
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
      await storeBaseline(settings.baseline, runs, context.all ? settings : null, flags);
    }
    await writeReports(reporters, result, flags);
    for (const error of errors.slice(0, -1)) console.error(`error: ${oneLine(error.message)}`);
    if (errors.length > 0) throw errors.at(-1);
    return result.passed ? 0 : 1;
  },
};

/** Makes sure that no reporter, nor the new baseline, costs a file that the gate reads. */
async function claimFiles(
  reporters: readonly Reporter[],
  { all }: PassPlan,
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

/** Makes the passes and judges each, to the first that fails where that is asked for. */
async function measureAll(
  { passes, all }: PassPlan,
  settings: GateSettings,
  baseline: Baseline | null,
  jobs: number,
  flags: FlagValues,
): Promise<{ runs: GateRun[]; errors: Error[]; skipped: number }> {
  const runs: GateRun[] = [];
  const errors: Error[] = [];
  const names = [...settings.models, ...all.map(({ model }) => ({ name: model }))]
    .map(({ name }) => name);
  await measurePasses(passes, jobs, flags.quiet === true, (pass, outcome) => {
    const { model, trained, request: { model: path, seed } } = pass;
    const run: GateRun = { model, path, seed, measurements: null, error: null, findings: [] };
    if ("error" in outcome) {
      errors.push(outcome.error);
      run.error = outcome.error.message;
    } else {
      run.measurements = outcome.measurements;
      const entry = baseline &&
        findBaseline(baseline, outcome.measurements, { name: model, seed, names });
      run.findings = judgeRun(outcome.measurements, settings.rules, {
        baseline: entry,
        trained: trained ?? undefined,
      });
    }
    runs.push(run);
    return flags["fail-fast"] !== true || passesAlone(run, settings);
  });
  return { runs, errors, skipped: passes.length - runs.length };
}

function passesAlone(run: GateRun, settings: GateSettings): boolean {
  const context = { today: today(), complete: new Set<string>(), all: false, skipped: 0 };
  const { summary } = decide([run], settings, context);
  return summary.errors + summary.unmeasured === 0;
}

/** Which models have been checked whole, so that an unmatched suppression is one. */
function contextOf(
  { all }: PassPlan,
  runs: readonly GateRun[],
  { models }: GateSettings,
): SuppressionContext {
  const made = ({ model, request }: Pass) =>
    runs.some((run) => run.model === model && run.seed === request.seed && run.error === null);
  const missing = new Set(all.filter((pass) => !made(pass)).map(({ model }) => model));
  const complete = new Set(all.map(({ model }) => model).filter((name) => !missing.has(name)));
  return {
    today: today(),
    complete,
    all: missing.size === 0 && models.every(({ name }) => complete.has(name)),
  };
}

const today = () => new Date().toISOString().slice(0, 10);
