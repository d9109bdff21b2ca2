import type { RuleDocumentation } from "../rules/rule.ts";
import { wrapText } from "./fit_text.ts";

/** Networks that a rule applies to, in words. */
export const STAGES: Record<RuleDocumentation["stage"], string> = {
  any: "",
  initial:
    "Untrained networks: findings in a trained network are only notes, unless the rule's own " +
    "assertion is called.",
};

/**
 * Returns the page of a rule of this package, relative to the package's folder; `null` for other
 * rules.
 */
export function rulePage(name: string): string | null {
  return name.includes("/") ? null : `docs/rules/${name}.md`;
}

/**
 * Renders the documentation of a rule for `explain RULE`.
 *
 * @param page Path of its page, or `null`.
 * @param calibration Its measured precision and recall. Default: not measured.
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

export interface RuleGroup {
  title: string;
  /** Rules of the group. */
  rules: readonly RuleDocumentation[];
  /** True to name the assertion of each. */
  byAssertion: boolean;
}

/** Renders the list of rules for `explain`, each with its summary. */
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
