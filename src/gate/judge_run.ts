import { amendFinding, type Finding, makeFinding, type Verdict } from "../core/rules/finding.ts";
import { number, say, sayPlain, type Sentence } from "../core/rules/say.ts";
import { matchesBaseline } from "../core/rules/matches_baseline.ts";
import { judgeRule } from "../core/rules/judge_rule.ts";
import { allRules } from "../core/rules/register_rule.ts";
import type { Measurements } from "../core/measure/measurements.ts";
import type { BaselineEntry } from "./find_baseline.ts";
import type { Level } from "./configuration.ts";
import type { RuleSetting } from "./resolve_configuration.ts";
import { formatCount } from "../ground/words/numbers.ts";
import { boolean, object, optional, requireValue, type Shape } from "../ground/words/shape.ts";
import { baselineEntryShape, ruleSettingShape } from "../core/diagnosis/result_document.ts";

/** Returns the shape of settings for all rules that exist at this time. */
function rulesShape(): Shape<unknown> {
  const names = [...allRules().map(({ name }) => name), "baseline"];
  return object(Object.fromEntries(names.map((name) => [name, ruleSettingShape])));
}

/** Options of {@linkcode judgeRun}. */
export interface JudgeRunOptions {
  /** Stored figures to compare the run with, see `findBaseline`. Default: `null`, none. */
  baseline?: BaselineEntry | null;
  /**
   * True if the network has been trained, so that rules made for untrained ones only give notes.
   * Default: true if its biases look trained.
   */
  trained?: boolean;
}

const optionsShape = object({ baseline: optional(baselineEntryShape), trained: optional(boolean) });

/**
 * Runs the rules that are on, each with its own thresholds, and weighs their findings by the
 * levels.
 *
 * @param measurements The measurements of the run.
 * @param rules The setting of every rule.
 * @param options Figures to compare the run with, and whether the network has been trained.
 * @returns The findings, in the order of the rules.
 */
export function judgeRun(
  measurements: Measurements,
  rules: Record<string, RuleSetting>,
  options: JudgeRunOptions = {},
): Finding[] {
  requireValue("rules", rules, rulesShape());
  requireValue("options", options, optionsShape);
  const { baseline = null, trained } = options;
  const findings = allRules().flatMap((rule) => {
    const { level, thresholds } = rules[rule.name];
    if (level === "off") return [];
    return weigh(judgeRule(rule, measurements, { ...thresholds, trained }), level);
  });
  return [...findings, ...judgeBaseline(measurements, rules, baseline)];
}

/**
 * Compares a run with the baseline, and weighs the findings by the level of that rule.
 *
 * @param baseline The figures to compare with; `null` for none.
 */
export function judgeBaseline(
  measurements: Measurements,
  rules: Record<string, RuleSetting>,
  baseline: BaselineEntry | null,
): Finding[] {
  const { level, thresholds } = rules.baseline;
  if (baseline === null || level === "off") return [];
  return weigh(compare(measurements, baseline, thresholds), level);
}

/** Applies a level to findings: with `warn`, the errors of a rule count as warnings. */
export function weigh(findings: Finding[], level: Level): Finding[] {
  return findings.map((finding) =>
    level === "warn" && finding.severity === "error"
      ? { ...finding, severity: "warning" as const }
      : finding
  );
}

function compare(
  measurements: Measurements,
  { name, seed, figures, renamed }: BaselineEntry,
  thresholds: RuleSetting["thresholds"],
): Finding[] {
  const said = (verdict: Pick<Verdict, "severity" | "kind" | "expected" | "message" | "fix">) =>
    makeFinding("baseline", { layer: null, measured: null, ...verdict });
  const fix = "If the change is intended, store the new figures with check --update-baseline.";
  if (figures === null) {
    return [said({
      severity: "note",
      kind: "unknown-pass",
      expected: "a run that the baseline knows",
      message: say`The baseline does not know ${name} under seed ${number(seed, "exact")}: nothing
        is compared.`,
      fix: "Store its figures with check --update-baseline.",
    })];
  }
  const was = measuredWith(figures);
  const is = measuredWith(measurements);
  const isSame = figures.objective.name === measurements.objective.name &&
    figures.batch.examples === measurements.batch.examples;
  if (!isSame) {
    return [said({
      severity: "error",
      kind: "other-objective",
      expected: sayPlain(was),
      message: say`The baseline of ${name} was measured with ${was}, this run with ${is}.`,
      fix,
    })];
  }
  const notes = renamed === null ? [] : [said({
    severity: "note",
    kind: "renamed-model",
    expected: "the model of the baseline",
    message: say`The baseline knows the model ${name} as ${renamed}.`,
    fix,
  })];
  const found = matchesBaseline(figures).run(measurements, thresholds);
  return [...notes, ...found.map((finding) => amendFinding(finding, { fix }))];
}

function measuredWith({ objective, batch }: Measurements): Sentence {
  return say`${objective.name} on ${formatCount(batch.examples, "example")}`;
}
