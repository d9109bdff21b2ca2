import { nearest } from "./nearest.ts";
import { showValue } from "./show_value.ts";

/**
 * Checks a value, for callers without a type checker. Returns a sentence that says what is wrong
 * and where, or `null`. Without a place it returns only whether something is wrong: for some
 * thousand records, building a text for the place of each figure would take most of the time.
 */
export type Requirement = (value: unknown, place: string | null) => string | null;

/**
 * Rejects an argument that does not meet its requirement.
 *
 * @param name Name of the argument.
 * @param value Value that was given.
 * @param requirement Requirement that it must meet.
 * @throws {TypeError} If it does not; the message names the place.
 */
export function requireValue(name: string, value: unknown, requirement: Requirement): void {
  if (requirement(value, null) === null) return;
  throw new TypeError(requirement(value, name)!);
}

/** Makes a requirement out of one test. */
export function must(expected: string, holds: (value: unknown) => boolean): Requirement {
  return (value, place) =>
    holds(value) ? null : `${place} is ${showValue(value)}, expected ${expected}`;
}

/** Returns the place of a part, if places are wanted. */
function partOf(place: string | null, key: string | number): string | null {
  if (place === null) return null;
  return typeof key === "number" ? `${place}[${key}]` : `${place}.${key}`;
}

/** Returns true if a value is an object with keys: neither an array nor `null`. */
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

/** Accepts `null`, or a value that meets the requirement. */
export const orNull = (requirement: Requirement): Requirement => (value, place) =>
  value === null ? null : requirement(value, place);

/** Accepts `undefined`, or a value that meets the requirement. */
export const optional = (requirement: Requirement): Requirement => (value, place) =>
  value === undefined ? null : requirement(value, place);

/** Accepts an array without holes whose items all meet the requirement. */
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

/** Accepts an object whose values all meet the requirement. */
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

/** Accepts an object whose entries meet their requirements; it may have others. */
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

/**
 * Rejects an option that a function does not have: a misspelt one would be ignored silently.
 *
 * @param caller The function.
 * @param options Options that it was given.
 * @param known Names of its options.
 * @throws {TypeError} If there is another one.
 */
export function requireKnownOptions(
  caller: string,
  options: object,
  known: readonly string[],
): void {
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(
    `${caller} has no option ${showValue(unknown)}${
      nearest(unknown, known) || `, expected one of ${known.join(", ")}`
    }`,
  );
}
