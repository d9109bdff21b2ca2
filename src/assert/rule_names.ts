import { show } from "../checks/show.ts";
import { nearest } from "../words/nearest.ts";

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
