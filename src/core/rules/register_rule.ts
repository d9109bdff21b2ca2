import { InputError, refusal } from "../../ground/words/input_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { BASELINE_RULE } from "./matches_baseline.ts";
import { MODEL_RULES, RULES } from "./rules.ts";
import type { Rule, ThresholdEntry, ThresholdTable } from "./rule.ts";
import type { Thresholds } from "./thresholds.ts";

const registered: Rule[] = [];

/** Returns true for a rule over measurements, even if another copy of this package created it. */
export function isRule(value: unknown): value is Rule {
  const { name, run, tags, thresholds, figure } = Object(value) as Partial<Rule>;
  return typeof name === "string" && typeof run === "function" && Array.isArray(tags) &&
    typeof thresholds === "object" && typeof figure?.of === "function";
}

/**
 * Rejects a value that is not a rule over measurements.
 *
 * @throws {InputError} If the value is not such a rule.
 */
export function requireRule(rule: unknown): void {
  if (!isRule(rule)) {
    throw new InputError({
      place: "rule",
      found: showValue(rule),
      expected: "what defineRule() makes",
    });
  }
}

/**
 * Returns every rule over measurements: first the rules of this package, then the registered ones.
 */
export function allRules(): readonly Rule[] {
  return registered.length === 0 ? RULES : [...RULES, ...registered];
}

/** Returns every registered rule. */
export function registeredRules(): readonly Rule[] {
  return registered;
}

/** Returns every threshold that a rule reads. */
export function allThresholds(): ThresholdTable {
  return registered.length === 0
    ? THRESHOLDS
    : Object.assign({ ...THRESHOLDS }, ...registered.map(({ thresholds }) => thresholds));
}

/**
 * Adds a custom rule to the list of all rules: `runRules`, `assertHealthy`, the reports and the
 * gate run it after the rules of this package. `check`, `report` and `explain` register the exports
 * of modules given by `--plugin` or by `plugins` of the configuration.
 *
 * @param rule A rule from {@linkcode defineRule}. Its name needs a prefix and a slash, so that it
 * cannot collide with future rules of this package.
 * @throws {InputError} If it is not a rule, its name has no prefix or is taken, or another rule has
 * a threshold of the same name.
 *
 * @example A rule that notes the number of weights
 * ```ts
 * import { defineRule, registerRule, runRules } from "@gradient-health/gradient-health/rules";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
 * import { assert } from "@std/assert";
 *
 * registerRule(defineRule({
 *   name: "team/weight-count",
 *   tags: ["weights"],
 *   problem: "weights",
 *   summary: "Notes how many weights there are.",
 *   fix: "Nothing to do.",
 *   figure: { title: "weights", scale: "linear", of: ({ weights }) => weights.length },
 *   judge: ({ layers }) => [{
 *     severity: "note",
 *     layer: null,
 *     measured: layers.reduce((sum, { weights }) => sum + weights.length, 0),
 *     expected: "any number",
 *     message: "The weights were counted.",
 *     fix: "Nothing to do.",
 *   }],
 * }));
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * const findings = runRules(await measure(model, randomBatch(model)));
 * assert(findings.some(({ rule }) => rule === "team/weight-count"));
 * model.dispose();
 * ```
 */
export function registerRule<Name extends string>(rule: Rule<Name>): void {
  requireRule(rule);
  if (registered.includes(rule)) return;
  const { name, thresholds } = rule;
  if (!name.includes("/")) {
    throw new InputError({
      place: "rule.name",
      found: `"${name}"`,
      expected: `a prefix of your own before it, such as "team/${name}"`,
    });
  }
  if (registered.some((other) => other.name === name)) {
    throw new InputError(
      refusal`rule.name is "${name}", the name of another registered rule, expected another name`,
    );
  }
  const known = allThresholds();
  for (const [key, { default: value, range }] of Object.entries(thresholds)) {
    if (!Object.hasOwn(known, key)) continue;
    const { default: other, range: [low, high] } = known[key];
    if (value === other && range[0] === low && range[1] === high) continue;
    throw new InputError({
      place: `The threshold ${key} of ${name}`,
      found: `one of another rule with the default ${other}`,
      expected: "another name for it",
    });
  }
  registered.push(rule);
}

/**
 * Every threshold with its default, its unit and its source.
 *
 * @example Read a default
 * ```ts
 * import { THRESHOLDS } from "@gradient-health/gradient-health/rules";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(THRESHOLDS.deadFraction.default, 0.5);
 * ```
 */
export const THRESHOLDS: Readonly<Record<keyof Thresholds, Readonly<ThresholdEntry>>> = Object
  .assign({}, ...[...RULES, ...MODEL_RULES, BASELINE_RULE].map(({ thresholds }) => thresholds));
