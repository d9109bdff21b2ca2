import { showValue } from "./show_value.ts";

/**
 * What a value must be, for callers without a type checker: the sentence that says what is wrong
 * and where, or `null` where nothing is. Without a place it says only whether something is: of some thousand
 * records the places alone, a text for each figure, would take most of the time.
 */
export type Requirement = (value: unknown, place: string | null) => string | null;

/**
 * Refuses an argument that is not what it must be.
 *
 * @param name Its name.
 * @param value What was given.
 * @param requirement What it must be.
 * @throws {TypeError} If it is something else: the message names the place in it.
 */
export function requireValue(name: string, value: unknown, requirement: Requirement): void {
  if (requirement(value, null) === null) return;
  throw new TypeError(requirement(value, name)!);
}

/** A requirement that one test decides. */
export function must(expected: string, holds: (value: unknown) => boolean): Requirement {
  return (value, place) =>
    holds(value) ? null : `${place} is ${showValue(value)}, expected ${expected}`;
}

/** The place of a part, where places are told. */
const partOf = (place: string | null, key: string | number): string | null =>
  place === null ? null : typeof key === "number" ? `${place}[${key}]` : `${place}.${key}`;

/** Whether a value is an object with keys: neither an array nor `null`. */
export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

export const text: Requirement = must("a text", (value) => typeof value === "string");
export const number: Requirement = must("a number", (value) => typeof value === "number");
export const count: Requirement = must(
  "a whole number of at least 1",
  (value) => Number.isSafeInteger(value) && value as number >= 1,
);
export const flag: Requirement = must("true or false", (value) => typeof value === "boolean");
export const callable: Requirement = must("a function", (value) => typeof value === "function");
export const object: Requirement = must("an object", isObject);
export const array: Requirement = must("an array", Array.isArray);

/** What the requirement asks for, or `null`. */
export const orNull = (requirement: Requirement): Requirement => (value, place) =>
  value === null ? null : requirement(value, place);

/** What the requirement asks for, or `undefined`. */
export const optional = (requirement: Requirement): Requirement => (value, place) =>
  value === undefined ? null : requirement(value, place);

/** An array without holes, each item of which is what the requirement asks for. */
export function arrayOf(requirement: Requirement): Requirement {
  return (value, place) => {
    if (!Array.isArray(value)) return array(value, place);
    for (let i = 0; i < value.length; i++) {
      const complaint = requirement(value[i], partOf(place, i));
      if (complaint !== null) return complaint;
    }
    return null;
  };
}

/** An object whose values are all what the requirement asks for. */
export function recordOf(requirement: Requirement): Requirement {
  return (value, place) => {
    if (!isObject(value)) return object(value, place);
    for (const [key, item] of Object.entries(value)) {
      const complaint = requirement(item, place && `${place}[${showValue(key)}]`);
      if (complaint !== null) return complaint;
    }
    return null;
  };
}

/** An object that has what each requirement asks for, and may have more. */
export function objectWith(requirements: Record<string, Requirement>): Requirement {
  const all = Object.entries(requirements);
  return (value, place) => {
    if (!isObject(value)) return object(value, place);
    for (const [key, requirement] of all) {
      const complaint = requirement(value[key], partOf(place, key));
      if (complaint !== null) return complaint;
    }
    return null;
  };
}
