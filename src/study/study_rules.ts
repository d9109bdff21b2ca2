import type { Rule } from "../checks/rule.ts";
import { RULES } from "../checks/rules.ts";

const JUDGING = RULES.filter(({ study }) => study !== undefined)
  .sort((a, b) => a.study!.order - b.study!.order);

/**
 * The rules that make a point of a study healthy or not, the gravest first: those that judge what
 * happens to signals.
 * `init-scale` is not among them, since it compares the kernels with a recipe, and what the recipe is
 * worth is what a study finds out; the others judge what no scale changes.
 */
export const STUDY_RULES: readonly string[] = JUDGING.map(({ name }) => name);

/** The rules themselves. */
export function studyRules(): readonly Rule[] {
  return JUDGING;
}
