import { isReadable } from "../gate/is_readable.ts";

/**
 * One spelling of a path, so that `./net.ts` and the absolute path of `net.ts` are recognised as the same
 * file: relative to the working directory or, if that may not be read, the given path without detours.
 */
export async function plainPath(path: string): Promise<string> {
  const { normalize, relative, resolve } = await import("node:path");
  return isReadable(".") ? relative(Deno.cwd(), resolve(path)) || "." : normalize(path);
}
