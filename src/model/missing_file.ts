/** Returns the file system's information on a path; `null` if nothing is there. */
export async function statOf(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    ifMissing(error);
    return null;
  }
}

/** Ignores the error of a missing file, and throws any other. */
export function ifMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
