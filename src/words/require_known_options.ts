import { nearest } from "./nearest.ts";
import { showValue } from "./show_value.ts";

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
