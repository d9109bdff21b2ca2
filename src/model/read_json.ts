import { failure } from "../words/failure.ts";
import { readText } from "./read_text.ts";

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
    throw new Unusable(`${path}: the file is not valid JSON: ${failure(error)}`, { cause: error });
  }
}
