import { escapeControls } from "../words/escape_controls.ts";
import { failure } from "../words/failure.ts";

/**
 * Reads a text file. A byte order mark, which editors on Windows put at the beginning, is no part of
 * the text.
 *
 * @param path The file.
 */
export async function readText(path: string): Promise<string> {
  return new TextDecoder().decode(await Deno.readFile(path));
}

/**
 * Reads a JSON file.
 *
 * @param path The file.
 * @param Unusable Class of the error when there is none or it is not JSON.
 */
export async function readJson(
  path: string,
  Unusable: new (message: string, options?: ErrorOptions) => Error,
): Promise<unknown> {
  let text: string;
  try {
    text = await readText(path);
  } catch (error) {
    throw new Unusable(`${path}: ${failure(error)}`, { cause: error });
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    // What is quoted of the file may go over several lines, and hold what moves the cursor.
    const what = (error as Error).message.replace(/\s+/g, " ").replace(/ is not valid JSON$/, "");
    throw new Unusable(`${path}: the file is not valid JSON: ${escapeControls(what)}`, {
      cause: error,
    });
  }
}
