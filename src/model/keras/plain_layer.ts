import { showValue } from "../../words/show_value.ts";
import { ModelError } from "../model_error.ts";
import { isJson, type Json } from "../topology_json.ts";

/** Initialisers that TensorFlow.js has under another name. */
export const INITIALIZERS: Record<string, string> = {
  IdentityInitializer: "Identity",
  LecunNormal: "LeCunNormal",
  LecunUniform: "LeCunUniform",
  OrthogonalInitializer: "Orthogonal",
};

interface PlainLayer {
  class_name: string;
  config: Json;
}

type Change = (config: Json, place: string) => Json | PlainLayer;

/**
 * Removes settings that Keras writes because they are inherited from other convolutions, but does
 * not use.
 */
function withoutKernel(
  { kernel_initializer: _, kernel_regularizer: _none, kernel_constraint: _either, ...config }: Json,
): Json {
  return config;
}

/** True for a missing number, which Keras writes as null, 0, or an array without axes. */
const isZero = (value: unknown) => value === undefined || value === null || value === 0;

/** TensorFlow.js takes 0 for 1, and warns on the console. */
const withImplementation: Change = (config) =>
  config.implementation === 0 ? { ...config, implementation: 1 } : config;

/** Layers whose settings have different names in Keras and TensorFlow.js. */
const CHANGES: Record<string, Change> = {
  // Keras 2 normalises over a list of axes, which has one entry.
  BatchNormalization: ({ axis, ...config }) => ({
    ...config,
    ...axis === undefined
      ? {}
      : { axis: Array.isArray(axis) && axis.length === 1 ? axis[0] : axis },
  }),
  Bidirectional: bidirectional,
  GRU: withImplementation,
  GRUCell: withImplementation,
  Identity: (config) => ({ class_name: "Activation", config: { ...config, activation: "linear" } }),
  InputLayer: ({ batch_shape, ...config }) => ({
    ...batch_shape === undefined ? {} : { batch_input_shape: batch_shape },
    ...config,
  }),
  LSTM: withImplementation,
  LSTMCell: withImplementation,
  LeakyReLU: ({ negative_slope, ...config }) => ({
    ...negative_slope === undefined ? {} : { alpha: negative_slope },
    ...config,
  }),
  // A penalty of 0 is dropped.
  ActivityRegularization: ({ l1, l2, ...config }, place) => {
    if (!isZero(l1) || !isZero(l2)) {
      throw new ModelError(
        `${place} has l1 ${showValue(l1)} and l2 ${
          showValue(l2)
        }, expected 0: TensorFlow.js adds no penalty on ` +
          `activations to the loss`,
      );
    }
    return { class_name: "Activation", config: { ...config, activation: "linear" } };
  },
  // Bins of data that were never adapted are dropped.
  Discretization: ({ num_bins: _, epsilon: _none, ...config }) => config,
  SeparableConv1D: withoutKernel,
  SeparableConv2D: withoutKernel,
  ReLU(given) {
    // An infinite limit means no limit.
    const config = given.max_value === Infinity ? { ...given, max_value: null } : given;
    return isZero(config.negative_slope) || !isZero(config.threshold) || !isZero(config.max_value)
      ? config
      : leaky(config);
  },
};

/**
 * Rewrites a layer in TensorFlow.js's terms.
 *
 * @param className Its class.
 * @param config Its configuration, with the objects in it already rewritten.
 * @param place Where that is in the file.
 * @throws {ModelError} If TensorFlow.js cannot express it.
 */
export function plainLayer(className: string, config: Json, place: string): PlainLayer {
  const change = Object.hasOwn(CHANGES, className) ? CHANGES[className] : undefined;
  const changed = change?.(config, place) ?? config;
  return typeof changed.class_name === "string" && isJson(changed.config)
    ? changed as unknown as PlainLayer
    : { class_name: className, config: changed as Json };
}

function leaky({ negative_slope: alpha, threshold: _, max_value: _none, ...config }: Json) {
  return { class_name: "LeakyReLU", config: { ...config, alpha } };
}

/** TensorFlow.js makes the backward layer itself; Keras 3 writes it into the file. */
function bidirectional({ backward_layer: backward, ...config }: Json, place: string): Json {
  const { layer } = config;
  if (!isJson(layer) || !isJson(layer.config)) return config;
  const forward = layer.config;
  const isCopy = backward === undefined || backward === null ||
    isJson(backward) && backward.class_name === layer.class_name && isJson(backward.config) &&
      essence(backward.config) === essence(forward) &&
      backward.config.go_backwards === !forward.go_backwards;
  if (!isCopy) {
    throw new ModelError(
      `${place}.backward_layer is unlike ${place}.layer, expected a copy of it that goes ` +
        `backwards: TensorFlow.js has no other`,
    );
  }
  if (typeof forward.name !== "string") return config;
  // Each direction is named after the layer.
  const name = forward.name.replace(/^forward_(?=.)/, "");
  return { ...config, layer: { ...layer, config: { ...forward, name } } };
}

/** Common settings of the two directions. */
const essence = ({ name: _, go_backwards: _way, ...config }: Json) =>
  JSON.stringify(Object.entries(config).toSorted(([a], [b]) => a < b ? -1 : 1));
