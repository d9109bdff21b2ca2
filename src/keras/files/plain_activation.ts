import { ModelError } from "../../model/model_error.ts";
import { slopeOf } from "../../traits/activations.ts";
import { showValue } from "../../words/show_value.ts";
import { isJson, type Json } from "../topology/topology_json.ts";
import { refusal } from "../../words/input_error.ts";

/** Keras activations whose name here is not their Keras name in camel case. */
export const KERAS_NAMES: Readonly<Record<string, string>> = {
  hard_sigmoid: "hardSigmoid6",
  hard_swish: "hard_silu",
  leaky_relu: "leakyRelu(0.2)",
  silu: "swish",
};

/** Keras layers that are just an activation, with that activation. */
const LAYERS: Readonly<Record<string, (config: Json) => string | null>> = {
  Activation: ({ activation }) => typeof activation === "string" ? activation : null,
  ELU: ({ alpha = 1 }) => alpha === 1 ? "elu" : null,
  LeakyReLU: ({ negative_slope, alpha = negative_slope ?? 0.3 }) => leakyOf(alpha),
  ReLU: reluOf,
  Softmax: ({ axis = -1 }) => axis === -1 ? "softmax" : null,
};

/** Returns the activation that a ReLU layer is; `null` if its settings have no name. */
function reluOf(
  { max_value: most = null, negative_slope: slope = 0, threshold = 0 }: Json,
): string | null {
  if (threshold !== 0 && threshold !== null) return null;
  if (most !== null) return most === 6 && !slope ? "relu6" : null;
  return slope ? leakyOf(slope) : "relu";
}

/**
 * Returns the name of the activation with a slope; `null` for a slope that is not a number, such as
 * an object.
 */
const leakyOf = (slope: unknown) => typeof slope === "number" ? `leakyRelu(${slope})` : null;

/**
 * Returns the activation that Keras calls by a name.
 *
 * @param file `isKeras3`: true if Keras 3 wrote it: its `hard_sigmoid` is relu6(x + 3) / 6, and that of
 * Keras 2 and TensorFlow.js min(1, max(0, 0.2 x + 0.5)).
 */
export function plainActivation(name: string, { isKeras3 }: { isKeras3: boolean }): string | Json {
  const isOld = name === "hard_sigmoid" && !isKeras3;
  const own = !isOld && Object.hasOwn(KERAS_NAMES, name) ? KERAS_NAMES[name] : name;
  const alpha = slopeOf(own);
  return alpha === null ? own : { class_name: "leakyRelu", config: { alpha } };
}

/**
 * Returns the activation of a layer that a configuration uses as an activation.
 *
 * @param layer The layer: `{class_name, config}`.
 * @param place Its place in the file.
 * @throws {ModelError} If there is no such activation.
 */
export function activationOfLayer(
  layer: Json,
  place: string,
  file: { isKeras3: boolean },
): string | Json | null {
  const { class_name: className, config } = layer;
  if (typeof className !== "string" || !Object.hasOwn(LAYERS, className) || !isJson(config)) {
    return null;
  }
  const name = LAYERS[className](config);
  if (name !== null) return plainActivation(name, file);
  throw new ModelError(
    refusal`${place} is a layer ${
      showValue(className)
    } with settings that no activation has, expected it after the layer, not in it`,
  );
}
