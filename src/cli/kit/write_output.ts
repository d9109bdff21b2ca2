import { isReadable } from "../../core/diagnosis/gate_result.ts";
import { fileToReplace, putInPlace } from "../../files/new_folder.ts";
import { failure, writeFailure } from "../../ground/words/failure.ts";
import { OPENER } from "../flags/show_flags.ts";
import { type FormatName, FORMATS } from "../formats.ts";
import { requireNotImported } from "./claim_outputs.ts";
import { UsageError } from "./flag.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { host } from "../../platform/host.ts";
import { isFileProblem } from "../../platform/file_problems.ts";
import { builtin } from "../../platform/builtins.ts";

/**
 * Writes a result to stdout or to a file.
 *
 * A reader that closes the pipe early (`| head`) is not an error. A file is written under a
 * temporary name and then renamed, so that no reader ever sees half of it and the old one survives
 * a failure; anything else, such as `/dev/null` or `>(command)`, is written to directly.
 *
 * @param path The file, or `null` for stdout.
 * @param format Its format, for the line that marks a file of it; `null` for no result.
 * @returns True if the output still has a reader; `false` if it closed the pipe.
 * @throws {UsageError} If the file, or stdout, cannot be written.
 */
export async function writeOutput(
  text: string,
  path: string | null,
  format: FormatName | null = null,
): Promise<boolean> {
  const encoder = new TextEncoder();
  if (path === null) return await writeAll(encoder.encode(text));
  try {
    const place = outputPath(path);
    await requireNotImported(place);
    const target = await fileToReplace(place);
    if (target === null) {
      await host.writeFile(place, encoder.encode(text), { create: false, append: true });
    } else {
      const lastLine = format === null ? "" : FORMATS[format].lastLine ?? "";
      await replace(target, encoder.encode(`${text}${lastLine}`));
    }
    return true;
  } catch (error) {
    if (error instanceof UsageError) throw error;
    if (isFileProblem(error, "BrokenPipe")) return false;
    throw new UsageError(`${path} cannot be written: ${writeFailure(error)}`);
  }
}

async function replace(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await host.writeFile(temporary, bytes, { createNew: true });
    await putInPlace(temporary, path);
  } catch (error) {
    await host.remove(temporary).catch(() => {});
    throw error;
  }
}

// While a model's code runs, its output to stdout goes to stderr; a report written meanwhile still
// goes to stdout.
const writeToStdout = host.stdout.write.bind(host.stdout);

async function writeAll(bytes: Uint8Array): Promise<boolean> {
  try {
    for (let written = 0; written < bytes.length;) {
      written += await writeToStdout(bytes.subarray(written));
    }
    return true;
  } catch (error) {
    if (isFileProblem(error, "BrokenPipe")) return false;
    throw new UsageError(`stdout cannot be written: ${writeFailure(error)}`);
  }
}

/** Working directory when the command began; `null` if it is unreadable. */
let start: string | null = null;

/** Remembers the working directory, before any code of a model can change it. */
export function rememberFolder(): void {
  start = isReadable(".") ? host.cwd() : null;
}

/**
 * Resolves a path of the command line, claimed before any code of a model ran, against the folder
 * that the program was started in, even after a model has changed the working directory.
 */
export function outputPath(path: string): string {
  if (start === null || host.cwd() === start) return path;
  const { resolve } = builtin("path");
  return resolve(start, path);
}

/**
 * Checks, before anything is measured, that there will be a file to open or to replace.
 *
 * @param flags Values of the flags `--open` and `--force`.
 * @param paths The files that will be written; the first is opened.
 * @throws {UsageError} If there are none.
 */
export function requireFile(
  { open = false, force = false }: { open?: boolean; force?: boolean },
  paths: readonly string[],
): void {
  if (paths.length > 0) return;
  if (open) throw new UsageError(refusal`--open has no file to open, expected --out FILE`);
  if (force) throw new UsageError(refusal`--force has no file to replace, expected --out FILE`);
}

/**
 * Opens a file as a double click does. A failure only prints a warning, since the result is already
 * written. Does not wait for the program, which may run until its window is closed.
 */
export function openFile(path: string): void {
  // A name that begins with a dash would be a flag.
  const args = [path.startsWith("-") ? `./${path}` : path];
  try {
    new host.Command(OPENER, { args, stdin: "null", stdout: "null", stderr: "null" }).spawn()
      .unref();
  } catch (error) {
    console.error(`warning: ${path} is written, but ${OPENER} cannot open it: ${failure(error)}`);
  }
}
