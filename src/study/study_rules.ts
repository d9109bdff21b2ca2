import type { Rule } from "../checks/rule.ts";
import { RULES } from "../checks/rules.ts";

/**
 * The rules that make a point of a study healthy or not, the gravest first: those that judge what
 * happens to signals.
 * `init-scale` is not among them, since it compares the kernels with a recipe, and what the recipe is
 * worth is what a study finds out; the others judge what no scale changes.
 */
export const STUDY_RULES = [
  "non-finite",
  "vanishing-gradients",
  "exploding-gradients",
  "saturated-activations",
  "dead-units",
  "activation-scale",
  "gradient-balance",
] as const;

let rules: Rule[] | null = null;

/** The rules themselves. */
export function studyRules(): Rule[] {
  return rules ??= STUDY_RULES.map((name) => RULES.find((rule) => rule.name === name)!);
}
