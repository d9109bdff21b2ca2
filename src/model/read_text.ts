/**
 * Reads a text file. A byte order mark, which editors on Windows put at the beginning, is no part of
 * the text.
 *
 * @param path The file.
 */
export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await Deno.readFile(path));
}
