import { InputError } from "../../ground/words/input_error.ts";
import { showValue } from "../../ground/words/show_value.ts";

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
