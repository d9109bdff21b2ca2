/**
 * Does something while no other process does it. The lock is the operating system's, on an open file:
 * it ends with the process that holds it, however that ends.
 *
 * @param file Path of the file that is locked; made for the purpose and removed afterwards.
 * @param action What to do.
 * @returns What the action returns.
 */
export async function withFileLock<T>(file: string, action: () => Promise<T>): Promise<T> {
  for (;;) {
    using handle = await Deno.open(file, { read: true, write: true, create: true });
    await handle.lock(true);
    // Whoever held the lock has removed the file: a newcomer makes another one and locks that.
    if (!await isStill(handle, file)) continue;
    try {
      return await action();
    } finally {
      await Deno.remove(file).catch(() => {});
    }
  }
}

async function isStill(handle: Deno.FsFile, file: string): Promise<boolean> {
  try {
    const [held, named] = [await handle.stat(), await Deno.stat(file)];
    return held.ino === named.ino && held.dev === named.dev;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
