import { show } from "./show.ts";

/**
 * Refuses options that are no object.
 *
 * @throws {TypeError} If they are not.
 */
export function validateOptions(options: unknown): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`options must be an object, got ${show(options)}.`);
  }
}
