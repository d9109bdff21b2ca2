import { allRules, registeredRules } from "../checks/register_rule.ts";
import type { Rule } from "../checks/rule.ts";
import { RULES } from "../checks/rules.ts";

/**
 * Rules of this package that decide whether a point of a study is healthy, the gravest first: those
 * that judge signals. `init-scale` is not among them: it compares the kernels with a recipe, and a
 * study finds out whether that recipe is good. The other rules judge properties that do not depend
 * on the scale.
 */
export const STUDY_RULES: readonly string[] = judging(RULES).map(({ name }) => name);

/** Returns the rules by which a study judges: those of this package and the registered ones. */
export function studyRules(): readonly Rule[] {
  return judging(allRules());
}

/**
 * Returns the name of a registered rule by which a study judges, or `null`. Only this process knows
 * such a rule.
 */
export function ownStudyRule(): string | null {
  return judging(registeredRules()).at(0)?.name ?? null;
}

function judging(rules: readonly Rule[]): Rule[] {
  return rules.filter(({ study }) => study !== undefined)
    .sort((a, b) => a.study!.order - b.study!.order);
}
