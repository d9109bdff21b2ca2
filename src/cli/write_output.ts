import { fileToReplace } from "../model/file_to_replace.ts";
import { putInPlace } from "../model/put_in_place.ts";
import { writeFailure } from "../words/failure.ts";
import { outputPath } from "./output_path.ts";
import { UsageError } from "./usage_error.ts";

/**
 * Writes a result to stdout or to a file.
 *
 * A reader that closes the pipe early (`| head`) is not an error. A file is written under a
 * temporary name and then renamed, so that no reader ever sees half of it and the old one survives
 * a failure; anything else, such as `/dev/null` or `>(command)`, is written to directly.
 *
 * @param text The result.
 * @param path The file, or `null` for stdout.
 * @returns True if the output still has a reader; `false` if it closed the pipe.
 * @throws {UsageError} If the file, or stdout, cannot be written.
 */
export async function writeOutput(text: string, path: string | null): Promise<boolean> {
  const bytes = new TextEncoder().encode(text);
  if (path === null) return await writeAll(bytes);
  try {
    const place = await outputPath(path);
    const target = await fileToReplace(place);
    if (target === null) await Deno.writeFile(place, bytes, { create: false, append: true });
    else await replace(target, bytes);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw new UsageError(`${path} cannot be written: ${writeFailure(error)}`);
  }
}

async function replace(path: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const temporary = `${path}.${crypto.randomUUID()}.tmp`;
  try {
    await Deno.writeFile(temporary, bytes, { createNew: true });
    await putInPlace(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

// While a model's code runs, its output to stdout goes to stderr; a report written meanwhile still
// goes to stdout.
const writeToStdout = Deno.stdout.write.bind(Deno.stdout);

async function writeAll(bytes: Uint8Array): Promise<boolean> {
  try {
    for (let written = 0; written < bytes.length;) {
      written += await writeToStdout(bytes.subarray(written));
    }
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.BrokenPipe) return false;
    throw new UsageError(`stdout cannot be written: ${writeFailure(error)}`);
  }
}
