/**
 * Refuses what is no number of things.
 *
 * @param name What the number is, for the message.
 * @param value The number.
 * @throws {RangeError} If it is no whole number of at least 1.
 */
export function requireCount(name: string, value: number): void {
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new RangeError(`${name} is ${value}, expected a whole number of at least 1`);
  }
}
