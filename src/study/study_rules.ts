import { allRules, registeredRules } from "../checks/register_rule.ts";
import type { Rule } from "../checks/rule.ts";
import { RULES } from "../checks/rules.ts";

/**
 * The rules of this package that make a point of a study healthy or not, the gravest first: those that
 * judge what happens to signals.
 * `init-scale` is not among them, since it compares the kernels with a recipe, and what the recipe is
 * worth is what a study finds out; the others judge what no scale changes.
 */
export const STUDY_RULES: readonly string[] = judging(RULES).map(({ name }) => name);

/** Every rule that a study judges by: those of this package, and those that were registered. */
export function studyRules(): readonly Rule[] {
  return judging(allRules());
}

/** The name of a registered rule that a study judges by, or `null`: it is known in this process alone. */
export function ownStudyRule(): string | null {
  return judging(registeredRules()).at(0)?.name ?? null;
}

function judging(rules: readonly Rule[]): Rule[] {
  return rules.filter(({ study }) => study !== undefined)
    .sort((a, b) => a.study!.order - b.study!.order);
}
