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
