/**
 * Reads lines of JSON. A last line without its line feed was being written when the process ended: it is left out.
 *
 * @returns The lines; none where there is no file.
 * @throws {SyntaxError} If a whole line is no JSON; the message says which.
 */
export async function readLines<T>(file: string | URL): Promise<T[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(file);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  // What stands behind the last line feed is the cut line, or nothing.
  return text.split("\n").slice(0, -1).map((line, i) => {
    try {
      return JSON.parse(line) as T;
    } catch (error) {
      throw new SyntaxError(`${file}, line ${i + 1} is no JSON`, { cause: error });
    }
  });
}

/** Opens a file of lines to go on with: what was cut off at its end is taken away first. */
export async function openLines(file: string | URL): Promise<Deno.FsFile> {
  const opened = await Deno.open(file, { read: true, write: true, create: true });
  const { size } = await opened.stat();
  const bytes = new Uint8Array(size);
  for (let at = 0; at < size;) at += await opened.read(bytes.subarray(at)) ?? size;
  const end = bytes.lastIndexOf("\n".charCodeAt(0)) + 1;
  await opened.truncate(end);
  await opened.seek(end, Deno.SeekMode.Start);
  return opened;
}

/** Writes one line of JSON as a whole. */
export async function writeLine(file: Deno.FsFile, line: unknown): Promise<void> {
  const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}
