import { isReadable } from "../gate/is_readable.ts";

/** The working directory when the program started; `null` where it may not be known. */
const START = isReadable(".") ? Deno.cwd() : null;

/**
 * Where a path of the command line leads, which was claimed before any code of a model ran: relative to the
 * folder that the program was started in, also after a model has changed the working directory.
 */
export async function outputPath(path: string): Promise<string> {
  if (START === null || Deno.cwd() === START) return path;
  const { resolve } = await import("node:path");
  return resolve(START, path);
}
