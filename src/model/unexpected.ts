import { showValue } from "../words/show_value.ts";
import { ModelError } from "./model_error.ts";

/**
 * Makes the error for a wrong value in a model file.
 *
 * @param place Place of the value: `modelTopology.config.layers[3].config.units`.
 * @param found The value, `undefined` if there is none.
 * @param what Expected value.
 */
export function unexpected(place: string, found: unknown, what: string): ModelError {
  const shown = found === undefined ? "missing" : showValue(found);
  return new ModelError(`${place} is ${shown}, expected ${what}`);
}
