import { showValue } from "../words/show_value.ts";
import { refusedLayer } from "./keras/refused_layers.ts";
import { ModelError } from "./model_error.ts";

/**
 * Makes the error for an unknown class in a file: the reason why it is not supported, if there is
 * one, or how to supply it.
 */
export function unknownClass(className: unknown, place: string): ModelError {
  const reason = typeof className === "string" ? refusedLayer(className) : null;
  if (reason !== null) {
    return new ModelError(
      `${place}.class_name is ${showValue(className)}, which is not run: ${reason}`,
    );
  }
  return new ModelError(
    `${place}.class_name is ${
      showValue(className)
    }, a class that TensorFlow.js does not have, expected ` +
      `one that it has or that --register FILE brings (a module that exports register({ tf }))`,
  );
}
