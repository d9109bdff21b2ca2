import { InputError, type Refusal } from "../../ground/words/input_error.ts";
import { failure, jsonFailure } from "../../ground/words/failure.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { readUserText } from "../../files/user_file.ts";

/**
 * The model file or module is unusable. The message is one sentence that names the file, the place
 * in it, the value found and the one expected; the stack adds nothing.
 */
export class ModelError extends InputError {
  /** Name of the class, for code that cannot use `instanceof`. */
  override readonly name = "ModelError";
}

/**
 * Makes the error for a wrong value in a model file.
 *
 * @param place Place of the value: `modelTopology.config.layers[3].config.units`.
 * @param found The value, `undefined` if there is none.
 * @param what Expected value.
 */
export function unexpected(place: string, found: unknown, what: string): ModelError {
  const shown = found === undefined ? "missing" : showValue(found);
  return new ModelError({ place, found: shown, expected: what });
}

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

/**
 * Reads a JSON file.
 *
 * @param Unusable Class of the error if the file is missing or not JSON.
 */
export async function readJson(
  path: string,
  Unusable: new (message: string | Refusal, options?: ErrorOptions) => Error,
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
    const place = `${path}: the file`, meant = `: ${jsonFailure(error)}`;
    throw new Unusable({ place, found: "not valid JSON", expected: "JSON", meant }, {
      cause: error,
    });
  }
}
