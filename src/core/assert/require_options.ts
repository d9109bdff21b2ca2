import { callable, oneOfNames, optional, requireValue } from "../../ground/words/shape.ts";
import { InputError, nearest, refusal } from "../../ground/words/input_error.ts";
import type { RunRulesOptions } from "../rules/judge_rule.ts";
import { allThresholds } from "../rules/register_rule.ts";
import { resolveThresholds } from "../rules/rule_options.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { requireOptions } from "../rules/require_measurements.ts";
import { isObjective, type Objective, OBJECTIVES } from "../model/objective.ts";
import type { CreateModel, DrawOptions } from "./create_model.ts";

/** Rejects a `msg` that is not a text. */
export function requireMessage(msg: string | undefined): void {
  if (msg !== undefined && typeof msg !== "string") {
    throw new InputError({ place: "msg", found: showValue(msg), expected: "a string" });
  }
}

/**
 * Rejects anything that is not an objective.
 *
 * @throws {InputError} If it is neither a function, nor "sum", nor the name of a loss.
 */
export function requireObjective(objective: Objective = "sum"): void {
  if (isObjective(objective)) return;
  throw new InputError({
    place: "options.objective",
    found: showValue(objective),
    expected: `a function or one of ${OBJECTIVES.join(", ")}`,
  });
}

/**
 * Rejects, before anything runs, options that make creating or measuring a model impossible.
 *
 * @throws {InputError} If `create`, the objective or `createBatch` has a wrong type.
 */
export function requireDrawOptions(create: CreateModel, options: DrawOptions): void {
  requireValue("create", create, callable);
  requireOptions(options);
  const { objective, createBatch } = options;
  requireObjective(objective);
  requireValue("options.createBatch", createBatch, optional(callable));
}

/**
 * Returns the names of rules that an option gives, or all of them without it.
 *
 * @throws {InputError} If the option is not an array, or names a rule that is not known.
 */
export function ruleNames(
  option: string,
  known: readonly string[],
  names: readonly string[] | undefined,
): Set<string> {
  if (names === undefined) return new Set(known);
  if (!Array.isArray(names)) {
    throw new InputError(
      refusal`options.${option} is ${showValue(names)}, expected an array of names`,
    );
  }
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const meant = typeof unknown === "string" ? nearest(unknown, known) : "";
    throw new InputError({
      place: `options.${option}`,
      verb: "has",
      found: showValue(unknown),
      expected: oneOfNames(known),
      meant,
    });
  }
  return new Set(names);
}

/** More draws than this are a typo. */
const MAX_DRAWS = 1e6;

/**
 * Returns the seeds: the first n (0, 1, 2 ...) for a number n, or those of the list.
 *
 * @throws {InputError} If there are none, one is not a whole number, or one appears twice.
 */
export function seedList(seeds: number | readonly number[]): number[] {
  const list = givenSeeds(seeds);
  const areSeeds = list.every((seed) => Number.isSafeInteger(seed));
  if (list.length === 0 || !areSeeds || new Set(list).size < list.length) {
    throw new InputError({
      place: "seeds",
      found: showValue(seeds),
      expected: "a whole number from 1 to 1e6, or whole numbers that differ",
    });
  }
  return list;
}

/** Returns the seeds of a list, or 0 to N - 1 for a number N; none if it is neither. */
function givenSeeds(seeds: number | readonly number[]): number[] {
  if (typeof seeds === "number" && Number.isSafeInteger(seeds) && seeds <= MAX_DRAWS) {
    return Array.from({ length: Math.max(0, seeds) }, (_, i) => i);
  }
  return Array.isArray(seeds) ? seeds as number[] : [];
}

/** Options of `healthMonitor` that are not thresholds, nor options of the rules. */
export const MONITOR_OPTIONS: readonly string[] = [
  "batch",
  "every",
  "rules",
  "objective",
  "onFinding",
  "model",
  "optimizer",
  "budget",
  "log",
  "tensorBoard",
  "live",
];

/**
 * Rejects thresholds that no rule has, or that are out of range, before a model runs for them.
 *
 * @param options Thresholds and options of the rules.
 * @param own Names of the other options, one of which may be misspelt.
 */
export function requireThresholds(
  { layers: _layers, ignore: _ignore, trained: _trained, ...thresholds }: RunRulesOptions,
  own: readonly string[],
): void {
  const table = allThresholds();
  const known = [...own, "layers", "ignore", "trained"];
  const unknown = Object.keys(thresholds).find((key) => !Object.hasOwn(table, key));
  if (unknown !== undefined) {
    const meant = nearest(unknown, [...known, ...Object.keys(table)]);
    throw new InputError({
      place: "options",
      verb: "has the unknown key",
      found: `"${unknown}"`,
      expected: `${oneOfNames(known)} or a threshold, see THRESHOLDS`,
      meant,
    });
  }
  resolveThresholds(table, thresholds);
}
