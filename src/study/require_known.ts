import { nearest } from "../words/nearest.ts";
import { showValue } from "../words/show_value.ts";

/**
 * Refuses an object with keys that nobody reads: a misspelt one would be as if it were not there.
 *
 * @param what What the object is, in a message.
 * @param given The object.
 * @param known The keys that there are.
 * @throws {TypeError} If it is no object, or has another key.
 */
export function requireKnown(what: string, given: unknown, known: readonly string[]): void {
  if (typeof given !== "object" || given === null) {
    throw new TypeError(`${what} is ${showValue(given)}, expected an object`);
  }
  const unknown = Object.keys(given).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new TypeError(
    `${what} has no ${showValue(unknown)}${
      nearest(unknown, known) || `, expected one of ${known.join(", ")}`
    }`,
  );
}
