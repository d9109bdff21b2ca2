/**
 * Returns true if a file that blocks a lock, a journal or a temporary file can be deleted without
 * loss: it does not exist, is empty, or was left there by this program when it was killed.
 *
 * @param beginning First characters of a file that this program leaves there; `""` for an empty
 * one.
 */
export async function isLeftover(path: string, beginning: string): Promise<boolean> {
  try {
    const { isFile, size } = await Deno.lstat(path);
    if (!isFile) return false;
    if (size === 0) return true;
    using file = await Deno.open(path);
    const wanted = new TextEncoder().encode(beginning);
    const found = new Uint8Array(Math.min(size, wanted.length));
    await file.read(found);
    return found.length > 0 && found.every((byte, index) => byte === wanted[index]);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
}
