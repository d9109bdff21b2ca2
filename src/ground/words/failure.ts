import { escapeControls, showValue } from "./show_value.ts";
import { isFileProblem } from "../../platform/file_problems.ts";

/** A longer reason is cut, because it would hide the text around it. */
const MAX_LENGTH = 1000;

/** The path names a device, a pipe or a socket instead of a file. */
export class NotAFile extends Error {}

/**
 * Describes an error in a few words, without a full stop, to end a sentence.
 *
 * @param error Thrown value of any type: user code throws objects, strings, and errors whose
 * getters throw.
 */
export function failure(error: unknown): string {
  try {
    const reason = reasonOf(error);
    return reason.length > MAX_LENGTH ? `${reason.slice(0, MAX_LENGTH)}...` : reason;
  } catch {
    return "an object that cannot be looked at";
  }
}

function reasonOf(error: unknown): string {
  if (isFileProblem(error, "NotFound")) return "there is no such file";
  if (isFileProblem(error, "IsADirectory")) return "it is a folder, expected a file";
  if (error instanceof NotAFile) {
    return "it is not a file but a device or a pipe, expected a file";
  }
  if (isFileProblem(error, "NotADirectory")) return "a part of its path is not a folder";
  if (isFileProblem(error, "NotCapable")) return "reading it is not allowed: use --allow-read";
  if (isFileProblem(error, "PermissionDenied")) {
    return "permission denied by the operating system";
  }
  const isObject = typeof error === "object" && error !== null || typeof error === "function";
  const { message: said, name } = isObject ? error as Partial<Error> : { message: String(error) };
  // String(error) would run its code and return [object Object].
  if (typeof said !== "string") return showValue(error);
  // Deno appends the call and the path: `... (os error 36): lstat '/a/b'`.
  const message = said.replace(/ \(os error \d+\).*$/s, "");
  const [first, next] = message.trim().split(/\s*\r?\n\s*/);
  // Drops the introduction of the lines below, unless nothing precedes them.
  const [whole] = /:$/.test(first) || /^\p{Ll}/u.test(next ?? "")
    ? first.match(/^.*[.!?](?=\s)/) ?? [first]
    : [first];
  const named = isObject && typeof name === "string" && name !== "" ? name : "no reason given";
  return whole.replace(/[.:\s]+$/, "") || named;
}

/**
 * Explains in a few words, without a full stop, why a file could not be written.
 *
 * @param error Thrown value of any type.
 */
export function writeFailure(error: unknown): string {
  if (isFileProblem(error, "NotFound")) return "there is no such folder";
  if (isFileProblem(error, "NotCapable")) {
    return "it is not allowed: use --allow-read and --allow-write of its folder";
  }
  if (isFileProblem(error, "PermissionDenied")) {
    return "permission denied by the operating system";
  }
  // The path may be a temporary one: `...: writefile '/a/b.tmp'`.
  return failure(error).replace(/: [a-z_]+ '.*'$/, "");
}

/**
 * Returns the message of an error unchanged, since most come from this program. Describes anything
 * else that user code throws.
 *
 * @param error Thrown value of any type.
 */
export function errorMessage(error: unknown): string {
  try {
    if (error instanceof Error && typeof error.message === "string" && error.message !== "") {
      return error.message;
    }
  } catch {
    // Even reading its fields throws.
  }
  return failure(error);
}

/**
 * Describes in one line why a text is not JSON. The quoted part may contain line breaks and
 * invisible characters.
 *
 * @param error Error that `JSON.parse` threw.
 */
export function jsonFailure(error: unknown): string {
  const what = (error as Error).message.replace(/\s+/g, " ").replace(/ is not valid JSON$/, "");
  return escapeControls(what);
}

/**
 * Disarms a line of text. The runner of GitHub Actions obeys lines that begin with `::` or contain
 * `##[`, and a layer can have any name.
 */
export function defuse(line: string): string {
  return line.replace(/^(\s*):(?=:)/, "$1\\x3a").replaceAll("##[", "##\\x5b");
}

/**
 * Returns true if an error is, or was caused by, a trap in WASM (out of memory, an abort). The
 * engine is unusable afterwards; another worker may succeed.
 */
export function isTrap(error: unknown): boolean {
  try {
    return error instanceof WebAssembly.RuntimeError ||
      (error instanceof Error && error.cause !== undefined && isTrap(error.cause));
  } catch {
    // User code threw something that cannot be inspected.
    return false;
  }
}

/** Puts an error message on one line, whatever a library or the name of a layer contributed. */
export function oneLine(text: string): string {
  return defuse(escapeControls(text.replace(/\s*\n\s*/g, " ").trim()));
}
