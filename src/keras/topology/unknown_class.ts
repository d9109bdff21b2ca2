import { ModelError } from "../../model/model_error.ts";
import { showValue } from "../../words/show_value.ts";
import { refusedLayer } from "../files/refused_layers.ts";
import type { Json, KnownAs } from "./topology_json.ts";

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
  return new ModelError({
    place: `${place}.class_name`,
    found: `${showValue(className)}, a class that TensorFlow.js does not have`,
    expected:
      "one that it has or that --register FILE supplies (a module that exports register({ tf }))",
  });
}

/** Rejects a model of a custom class, whose file holds constructor arguments instead of layers. */
export function requireSomeLayers(model: Json, place: string, knownAs: KnownAs): void {
  const name = model.class_name as string;
  const hasLayers = Array.isArray(model.config) || Array.isArray(Object(model.config).layers);
  if (hasLayers || knownAs(name) !== null) return;
  throw new ModelError(
    `${place}.class_name is ${showValue(name)}, a model of a custom class: the file holds its ` +
      `hyperparameters and no layers. Save a functional model of the same layers: ` +
      `x = keras.Input(shape), keras.Model(x, model.call(x))`,
  );
}
