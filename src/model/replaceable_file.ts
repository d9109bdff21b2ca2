/**
 * The file that a rename may replace in order to write `path`. A link stays, what it leads to is
 * replaced. A device, a pipe and a folder are no files: a rename, by whoever may do it, destroys them.
 *
 * @param path Where something is to be written.
 * @returns The file's path, or `null` where there is something that is no file.
 */
export async function replaceableFile(path: string): Promise<string | null> {
  try {
    if (!(await Deno.stat(path)).isFile) return null;
    return (await Deno.lstat(path)).isSymlink ? await Deno.realPath(path) : path;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return path;
    throw error;
  }
}
