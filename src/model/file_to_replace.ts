/**
 * Returns the file that a new one may replace, once it is written beside it: for a link, the target
 * of the link, so that the link stays.
 *
 * @param path Path of the file to write.
 * @returns The path to rename to; `null` for a device, a pipe or a terminal: a rename would replace
 * it by a file, `/dev/null` for every other process too.
 */
export async function fileToReplace(path: string): Promise<string | null> {
  try {
    const { isFile, isDirectory } = await Deno.stat(path);
    if (isDirectory) throw new Deno.errors.IsADirectory("the path is that of a folder");
    if (!isFile) return null;
    if (!(await Deno.lstat(path)).isSymlink) return path;
    // `/dev/stdout` may be a file, but some process has it open and goes on writing into it.
    return /^\/(dev|proc)\//.test(path) ? null : await Deno.realPath(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const link = await Deno.readLink(path).catch(() => null);
    if (link === null) return path;
    // The link points to a path without a file.
    const { dirname, isAbsolute, join } = await import("node:path");
    return await fileToReplace(isAbsolute(link) ? link : join(dirname(path), link));
  }
}
