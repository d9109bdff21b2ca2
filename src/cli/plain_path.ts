import { isReadable } from "../gate/is_readable.ts";

/**
 * One spelling of a path, by which `./net.ts` and the absolute path of `net.ts` are known for the same
 * file: from the working directory on, or, where that may not be read, as it was given without detours.
 */
export async function plainPath(path: string): Promise<string> {
  const { normalize, relative, resolve } = await import("node:path");
  return isReadable(".") ? relative(Deno.cwd(), resolve(path)) || "." : normalize(path);
}
