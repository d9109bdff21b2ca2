import { jsonFailure } from "../words/json_failure.ts";
import { failure } from "../words/failure.ts";

/**
 * Reads a text file. A byte order mark, which editors on Windows put at the beginning, is not part of the
 * text.
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
 * @param Unusable Class of the error if the file is missing or not JSON.
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
    const what = jsonFailure(error);
    throw new Unusable(`${path}: the file is not valid JSON: ${what}`, { cause: error });
  }
}
