import { showValue } from "../words/show_value.ts";
import { refusedLayer } from "./keras/refused_layers.ts";
import { ModelError } from "./model_error.ts";

/** A class that is in a file and that nobody has: why it is not run, where that is known, or how to bring it. */
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
