import { showValue } from "./show_value.ts";

/** A longer reason is cut, because it would hide the text around it. */
const LONGEST = 1000;

/** The error for a device, a pipe or a socket in place of a file. */
export class NotAFile extends Error {}

/**
 * Why something failed, in a few words without a full stop, to end a sentence with.
 *
 * @param error What was thrown, which can be anything: user code throws objects, texts, and errors that
 * throw when they are looked at.
 */
export function failure(error: unknown): string {
  try {
    const reason = reasonOf(error);
    return reason.length > LONGEST ? `${reason.slice(0, LONGEST)}...` : reason;
  } catch {
    return "an object that cannot be looked at";
  }
}

function reasonOf(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such file";
  if (error instanceof Deno.errors.IsADirectory) return "it is a folder, expected a file";
  if (error instanceof NotAFile) {
    return "it is not a file but a device or a pipe, expected a file";
  }
  if (error instanceof Deno.errors.NotADirectory) return "a part of its path is not a folder";
  if (error instanceof Deno.errors.NotCapable) return "reading it is not allowed: use --allow-read";
  if (error instanceof Deno.errors.PermissionDenied) {
    return "permission denied by the operating system";
  }
  const isObject = typeof error === "object" && error !== null || typeof error === "function";
  const { message: said, name } = isObject ? error as Partial<Error> : { message: String(error) };
  // Not String(error), which runs its code, and says [object Object].
  if (typeof said !== "string") return showValue(error);
  // Deno appends the call and the path: `... (os error 36): lstat '/a/b'`.
  const message = said.replace(/ \(os error \d+\).*$/s, "");
  const [first, next] = message.trim().split(/\s*\r?\n\s*/);
  // The words that introduce the lines below are dropped, unless nothing comes before them.
  const [whole] = /:$/.test(first) || /^\p{Ll}/u.test(next ?? "")
    ? first.match(/^.*[.!?](?=\s)/) ?? [first]
    : [first];
  const named = isObject && typeof name === "string" && name !== "" ? name : "no reason given";
  return whole.replace(/[.:\s]+$/, "") || named;
}

/**
 * Why a file could not be written, in a few words without a full stop, to end a sentence with.
 *
 * @param error What was thrown, which can be anything.
 */
export function writeFailure(error: unknown): string {
  if (error instanceof Deno.errors.NotFound) return "there is no such folder";
  if (error instanceof Deno.errors.NotCapable) {
    return "it is not allowed: use --allow-read and --allow-write of its folder";
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return "permission denied by the operating system";
  }
  // The path may be a temporary one: `...: writefile '/a/b.tmp'`.
  return failure(error).replace(/: [a-z_]+ '.*'$/, "");
}
