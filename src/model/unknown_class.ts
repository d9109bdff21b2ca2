import { showValue } from "../words/show_value.ts";
import { ModelError } from "./model_error.ts";

/** A class that is in a file and that nobody has, with how to bring it. */
export function unknownClass(className: unknown, place: string): ModelError {
  return new ModelError(
    `${place}.class_name is ${
      showValue(className)
    }, a class that TensorFlow.js does not have, expected ` +
      `one that it has or that --register FILE brings (a module that exports register({ tf }))`,
  );
}
