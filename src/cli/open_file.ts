import { failure } from "../words/failure.ts";
import { OPENER } from "./show_flags.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Checks, before anything is measured, that there will be a file to open.
 *
 * @param open Whether to open one.
 * @param paths The files that will be written; the first is opened.
 * @throws {UsageError} If there are none.
 */
export function requireFile(open: boolean, paths: readonly string[]): void {
  if (!open || paths.length > 0) return;
  throw new UsageError("--open has no file to open, expected --out FILE");
}

/**
 * Opens a file as a double click does. A failure only prints a warning, since the result is already
 * written. Does not wait for the program, which may run until its window is closed.
 */
export function openFile(path: string): void {
  // A name that begins with a dash would be a flag.
  const args = [path.startsWith("-") ? `./${path}` : path];
  try {
    new Deno.Command(OPENER, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn()
      .unref();
  } catch (error) {
    console.error(`warning: ${path} is written, but ${OPENER} cannot open it: ${failure(error)}`);
  }
}
