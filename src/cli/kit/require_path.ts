import { showValue } from "../../words/show_value.ts";
import { UsageError } from "./usage_error.ts";
import { refusal } from "../../words/input_error.ts";

/** In characters; the limit of Linux, which is the longest. */
const LONGEST_PATH = 4096;

/**
 * Rejects strings that no operating system accepts as a path; rule and shell names use the same
 * limit.
 *
 * @param place Where it was given.
 * @param expected What is named there.
 * @returns The path.
 * @throws {UsageError} If it is empty, too long or has a null character.
 */
export function requirePath(place: string, text: string, expected = "the path of a file"): string {
  if (text !== "" && text.length <= LONGEST_PATH && !text.includes("\0")) return text;
  throw new UsageError(refusal`${place} is ${showValue(text)}, expected ${expected}`);
}
