import { isReadable } from "../gate/is_readable.ts";

/** Working directory when the program started; `null` if it may not be read. */
const START = isReadable(".") ? Deno.cwd() : null;

/**
 * Resolves a path of the command line, claimed before any code of a model ran, against the folder
 * that the program was started in, even after a model has changed the working directory.
 */
export async function outputPath(path: string): Promise<string> {
  if (START === null || Deno.cwd() === START) return path;
  const { resolve } = await import("node:path");
  return resolve(START, path);
}
