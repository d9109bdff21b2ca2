import { show } from "../checks/show.ts";
import { validateOptions } from "../checks/validate.ts";
import { isObjective, type Objective, OBJECTIVES } from "../model/objective.ts";
import { nearest } from "../words/nearest.ts";
import type { CreateModel, DrawOptions } from "./create_model.ts";

/**
 * Refuses a `msg` that is no text.
 *
 * @throws {TypeError} If it is not a string.
 */
export function validateMessage(msg: string | undefined): void {
  if (msg !== undefined && typeof msg !== "string") {
    throw new TypeError(`msg must be a string, got ${typeof msg}.`);
  }
}

/**
 * Refuses what is no objective.
 *
 * @throws {TypeError} If it is neither a function, nor "sum", nor the name of a loss.
 */
export function validateObjective(objective: Objective = "sum"): void {
  if (isObjective(objective)) return;
  throw new TypeError(
    `options.objective must be a function or one of ${OBJECTIVES.join(", ")}, got ${
      show(objective)
    }.`,
  );
}

/**
 * Refuses, before anything runs, what a model cannot be created and measured with.
 *
 * @throws {TypeError} If `create`, the objective or `createBatch` is not what it must be.
 */
export function validateDrawOptions(create: CreateModel, options: DrawOptions): void {
  if (typeof create !== "function") {
    throw new TypeError(`create must be a function, got ${typeof create}.`);
  }
  validateOptions(options);
  const { objective, createBatch } = options;
  validateObjective(objective);
  if (createBatch !== undefined && typeof createBatch !== "function") {
    throw new TypeError(`options.createBatch must be a function, got ${show(createBatch)}.`);
  }
}

/**
 * The names of rules that an option gives, or all of them without it.
 *
 * @throws {TypeError} If the option is no array, or names a rule that is not known.
 */
export function ruleNames(
  option: string,
  known: readonly string[],
  names: readonly string[] | undefined,
): Set<string> {
  if (names === undefined) return new Set(known);
  if (!Array.isArray(names)) {
    throw new TypeError(`options.${option} must be an array of names, got ${show(names)}.`);
  }
  const unknown = names.find((name) => !known.includes(name));
  if (unknown !== undefined) {
    const meant = typeof unknown === "string" ? nearest(unknown, known) : "";
    throw new TypeError(
      `options.${option} names ${show(unknown)}${meant || `; known are ${known.join(", ")}.`}`,
    );
  }
  return new Set(names);
}

/** More draws than this are a typing error. */
const MOST = 1e6;

/**
 * Seeds from how many there should be (0, 1, 2 ...), or as they are given.
 *
 * @throws {RangeError} If there are none, one is no whole number, or one stands twice.
 */
export function seedList(seeds: number | readonly number[]): number[] {
  const isCount = typeof seeds === "number" && Number.isSafeInteger(seeds) && seeds <= MOST;
  const list = isCount
    ? Array.from({ length: Math.max(0, seeds) }, (_, i) => i)
    : Array.isArray(seeds)
    ? seeds as number[]
    : [];
  const areSeeds = list.every((seed) => Number.isSafeInteger(seed));
  if (list.length === 0 || !areSeeds || new Set(list).size < list.length) {
    throw new RangeError(
      `seeds must be a whole number from 1 to 1e6, or whole numbers that differ, got ${
        show(seeds)
      }.`,
    );
  }
  return list;
}
