import type { Finding } from "../checks/finding.ts";
import { matchesBaseline } from "../checks/matches_baseline.ts";
import { judgeRule } from "../checks/judge_rule.ts";
import { allRules } from "../checks/register_rule.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { BaselineEntry } from "./baseline.ts";
import type { Level } from "./configuration.ts";
import type { RuleSetting } from "./resolve_configuration.ts";
import {
  flag,
  objectWith,
  optional,
  type Requirement,
  requireValue,
} from "../words/requirements.ts";
import { baselineEntryShape, ruleSettingShape } from "./requirements.ts";

/** The setting of every rule that there is by now. */
function rulesShape(): Requirement {
  const names = [...allRules().map(({ name }) => name), "baseline"];
  return objectWith(Object.fromEntries(names.map((name) => [name, ruleSettingShape])));
}

/** Options of {@linkcode judgeRun}. */
export interface JudgeRunOptions {
  /** What the pass is compared with, see `findBaseline`. Default: `null`, nothing. */
  baseline?: BaselineEntry | null;
  /**
   * Whether the network has been trained, so that rules made for untrained ones only give notes.
   * Default: whether its biases look trained.
   */
  trained?: boolean;
}

const optionsShape = objectWith({
  baseline: optional(baselineEntryShape),
  trained: optional(flag),
});

/**
 * Runs the rules that are on, each with its own thresholds, and weighs what they find by its level.
 *
 * @param measurements What was measured.
 * @param rules The setting of every rule.
 * @param options What the pass is compared with, and whether the network has been trained.
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
  const { level, thresholds } = rules.baseline;
  if (baseline === null || level === "off") return findings;
  return [...findings, ...weigh(compare(measurements, baseline, thresholds), level)];
}

/** Under `warn` the errors of a rule count as warnings. */
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
  const { batch, objective } = measurements;
  const about = { rule: "baseline", layer: null, measured: null };
  const advice = "If the change is meant, store the new figures: check --update-baseline.";
  if (figures === null) {
    return [{
      ...about,
      severity: "note",
      expected: "a pass that the baseline knows",
      message: `The baseline does not know ${name} under seed ${seed}: nothing is compared.`,
      advice: "Store its figures as well: check --update-baseline.",
    }];
  }
  const was = `${figures.objective.name} on ${figures.batch.examples} examples`;
  const is = `${objective.name} on ${batch.examples} examples`;
  if (was !== is) {
    return [{
      ...about,
      severity: "error",
      expected: was,
      message: `The baseline of ${name} was measured with ${was}, this pass with ${is}.`,
      advice,
    }];
  }
  const notes: Finding[] = renamed === null ? [] : [{
    ...about,
    severity: "note",
    expected: "the model of the baseline",
    message: `The baseline knows the model ${name} as ${renamed}.`,
    advice,
  }];
  const found = matchesBaseline(figures).check(measurements, thresholds);
  return [...notes, ...found.map((finding) => ({ ...finding, advice }))];
}
