/** What the file system says of a path; `null` where nothing is there. */
export async function statOf(path: string): Promise<Deno.FileInfo | null> {
  try {
    return await Deno.stat(path);
  } catch (error) {
    ifMissing(error);
    return null;
  }
}

/** Passes over that a file is not there, and throws any other error. */
export function ifMissing(error: unknown): void {
  if (!(error instanceof Deno.errors.NotFound)) throw error;
}
