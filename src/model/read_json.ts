import { jsonFailure } from "../words/json_failure.ts";
import { failure } from "../words/failure.ts";
import { readUserText } from "./files/user_file.ts";

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
    text = await readUserText(path);
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
