import type { Rule } from "./rule.ts";
import { RULES } from "./rules.ts";
import { show } from "./show.ts";
import type { ThresholdTable } from "./threshold_entry.ts";
import { THRESHOLDS } from "./threshold_table.ts";

const registered: Rule[] = [];

/** Whether a value is a rule over measurements, whichever copy of this package has made it. */
export function isRule(value: unknown): value is Rule {
  const { name, check, tags, thresholds, figure } = Object(value) as Partial<Rule>;
  return typeof name === "string" && typeof check === "function" && Array.isArray(tags) &&
    typeof thresholds === "object" && typeof figure?.of === "function";
}

/**
 * Refuses what is no rule over measurements.
 *
 * @throws {TypeError} If it is none.
 */
export function requireRule(rule: unknown): void {
  if (!isRule(rule)) throw new TypeError(`rule is ${show(rule)}, expected what defineRule() makes`);
}

/** Every rule over measurements: those of this package, then those that were registered. */
export function allRules(): readonly Rule[] {
  return registered.length === 0 ? RULES : [...RULES, ...registered];
}

/** Every rule that was registered. */
export function registeredRules(): readonly Rule[] {
  return registered;
}

/** Every threshold that a rule reads. */
export function allThresholds(): ThresholdTable {
  return registered.length === 0
    ? THRESHOLDS
    : Object.assign({ ...THRESHOLDS }, ...registered.map(({ thresholds }) => thresholds));
}

/**
 * Makes a rule of your own one of all rules: `runChecks`, `assertHealthy`, the reports and the gate judge
 * by it, after the rules of this package. `check`, `report` and `explain` register what the modules export
 * that `--plugin` or the configuration's `plugins` name.
 *
 * @param rule What {@linkcode defineRule} made. Its name has a prefix of your own and a slash, so that no
 * rule that this package gets later can have the same.
 * @throws {TypeError} If it is no rule, its name has no prefix or is taken, or a threshold of it is another
 * rule's.
 *
 * @example A rule that notes how many weights there are
 * ```ts
 * import { defineRule, registerRule, runChecks } from "@gradient-health/gradient-health/checks";
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
 *     advice: "Nothing to do.",
 *   }],
 * }));
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * const findings = runChecks(await measure(model, randomBatch(model)));
 * assert(findings.some(({ rule }) => rule === "team/weight-count"));
 * model.dispose();
 * ```
 */
export function registerRule<Name extends string>(rule: Rule<Name>): void {
  requireRule(rule);
  if (registered.includes(rule)) return;
  const { name, thresholds } = rule;
  if (!name.includes("/")) {
    throw new TypeError(
      `rule.name is "${name}", expected a prefix of your own before it, such as "team/${name}"`,
    );
  }
  if (registered.some((other) => other.name === name)) {
    throw new TypeError(`rule.name is "${name}", the name of another registered rule`);
  }
  const known = allThresholds();
  for (const [key, { default: value, range }] of Object.entries(thresholds)) {
    if (!Object.hasOwn(known, key)) continue;
    const { default: other, range: [low, high] } = known[key];
    if (value === other && range[0] === low && range[1] === high) continue;
    throw new TypeError(
      `The threshold ${key} of ${name} is one of another rule with the default ${other}, expected ` +
        `another name for it`,
    );
  }
  registered.push(rule);
}
