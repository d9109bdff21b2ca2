import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { InputError } from "../src/ground/words/input_error.ts";

/** Parts of an error about bad input: `place is found, expected expected`. */
export type Parts = Pick<InputError, "place" | "found" | "expected">;

/** The parts of an error, in short for tables. */
export const parts = (place: string, found: string, expected: string): Parts => (
  { place, found, expected }
);

/** Returns the parts of an error, without the file before its place. */
export function partsOf({ place, found, expected }: InputError, file = ""): Parts {
  return parts(place.slice(file.length).replace(/^: /, ""), found, expected);
}

// deno-lint-ignore no-explicit-any -- each class of errors has its own arguments.
type ErrorClass = new (...args: any[]) => InputError;

const compare = (error: InputError, parts: Parts) => assertEquals(partsOf(error), parts);

/**
 * Asserts what an error says: its parts, or its sentence if nothing was expected.
 *
 * @param file File before the place, or the place itself.
 */
export function assertSays(error: InputError, said: Parts | string, file: string): void {
  if (typeof said === "string") return assertEquals(error.message, `${file}: ${said}`);
  compare(error, { ...said, place: said.place === "" ? file : `${file}: ${said.place}` });
}

/** Asserts that bad input is rejected, by the parts of the error instead of its sentence. */
export function assertRefused(
  run: () => unknown,
  parts: Parts,
  type: ErrorClass = InputError,
): void {
  compare(assertThrows(run, type), parts);
}

/** Asserts that a promise rejects bad input, by the parts of the error. */
export async function assertRefusedLater(
  run: () => PromiseLike<unknown>,
  parts: Parts,
  type: ErrorClass = InputError,
): Promise<void> {
  compare(await assertRejects(run, type), parts);
}
