/**
 * Which file a new one may replace, once it is written beside it: if the path is a link, the file that it
 * leads to, so that the link stays.
 *
 * @param path Where a file is to be written.
 * @returns The path to rename to; `null` where something lies that is not a file, such as a device, a pipe or a
 * terminal: a rename would put a file in its place, in that of `/dev/null` for every other process too.
 */
export async function fileToReplace(path: string): Promise<string | null> {
  try {
    const { isFile, isDirectory } = await Deno.stat(path);
    if (isDirectory) throw new Deno.errors.IsADirectory("the path is that of a folder");
    if (!isFile) return null;
    if (!(await Deno.lstat(path)).isSymlink) return path;
    // `/dev/stdout` is what some process has open, a file it may be, and goes on writing into.
    return /^\/(dev|proc)\//.test(path) ? null : await Deno.realPath(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const link = await Deno.readLink(path).catch(() => null);
    if (link === null) return path;
    // It leads to a place without a file so far.
    const { dirname, isAbsolute, join } = await import("node:path");
    return await fileToReplace(isAbsolute(link) ? link : join(dirname(path), link));
  }
}
