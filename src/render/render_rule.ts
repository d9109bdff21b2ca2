import type { RuleDocumentation } from "../checks/rule.ts";
import { wrapText } from "./wrap_text.ts";

/** Which networks a rule is made for, in words. */
export const STAGES: Record<RuleDocumentation["stage"], string> = {
  any: 'Every network. If a trained one is judged differently, "when it misleads" says how.',
  initial:
    "Untrained networks: findings in a trained network are only notes, unless the rule's own " +
    "assertion is called.",
};

/** The page of a rule of this package, relative to the package's folder; other rules have none. */
export function rulePage(name: string): string | null {
  return name.includes("/") ? null : `docs/rules/${name}.md`;
}

/**
 * What `explain RULE` prints: the documentation of a rule.
 *
 * @param page Where its page is, or `null`.
 * @param calibration Its measured precision and recall. Default: they were not measured.
 */
export function renderRule(
  rule: RuleDocumentation,
  width: number,
  page: string | null,
  calibration = "",
): string {
  const section = (title: string, text: string) =>
    text === "" ? [] : [title, ...wrapText(text, width, "  "), ""];
  const thresholds = Object.entries(rule.thresholds).flatMap(([name, entry]) => {
    const { default: value, unit, source } = entry;
    return wrapText(`${name} = ${value}: ${unit}. Source: ${source}.`, width, "  ", "      ");
  });
  return [
    rule.assertion === "" ? rule.name : `${rule.name} (${rule.assertion})`,
    "",
    ...wrapText(rule.summary, width),
    "",
    ...section("definition", rule.formula),
    ...(thresholds.length > 0 ? ["thresholds and their defaults", ...thresholds, ""] : []),
    ...section("source", rule.source),
    ...section("when it misleads", rule.misleads),
    ...section("false positives", rule.falsePositives ?? ""),
    ...section("precision and recall", calibration),
    ...section("made for", STAGES[rule.stage]),
    ...section("fix", rule.fix),
    ...page === null ? [] : section("page", page),
  ].join("\n");
}

/** Rules that are listed together. */
export interface RuleGroup {
  /** What they have in common. */
  title: string;
  /** The rules. */
  rules: readonly RuleDocumentation[];
  /** Whether to name the assertion of each. */
  byAssertion: boolean;
}

/** What `explain` prints: each rule with its summary. */
export function renderRules(groups: readonly RuleGroup[], width: number): string {
  return [
    ...groups.flatMap(({ title, rules, byAssertion }) => [
      ...wrapText(title.toUpperCase(), width),
      ...rules.flatMap(({ name, assertion, summary }) => [
        byAssertion ? `${name} (${assertion})` : name,
        ...wrapText(summary, width, "    "),
      ]),
      "",
    ]),
    "explain RULE shows the details.",
    "",
  ].join("\n");
}
