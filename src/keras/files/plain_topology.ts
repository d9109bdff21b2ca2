import { isObject } from "../../ground/words/shape.ts";
import { ModelError, unexpected } from "../../core/model/model_error.ts";
import { type Json, type KnownAs, MODEL_CLASSES, modelClassOf } from "../topology/topology_json.ts";
import { refusedLayer, requireSomeLayers, unknownClass } from "../topology/unknown_class.ts";
import { activationOfLayer, isOperation, plainActivation } from "./plain_operation.ts";
import { plainGraph } from "./plain_graph.ts";

/** Deeper nesting is rejected later, with a message. */
const MAX_DEPTH = 200;

/** Keys that Keras 3 writes in addition to the class and the configuration of an object. */
const WRAPPING = [
  "module",
  "registered_name",
  "build_config",
  "compile_config",
  "shared_object_id",
];

/**
 * Layers whose mask in Keras 3 differs from that in Keras 2 and TensorFlow.js: see
 * `repairMergeMasks`.
 */
const OWN_MASKS = [
  "Add",
  "Average",
  "Concatenate",
  "ELU",
  "LeakyReLU",
  "Maximum",
  "Minimum",
  "Multiply",
  "Rescaling",
  "Subtract",
];

/** Integer types of inputs. */
const INTEGERS = /^u?int(8|16|32|64)$/;

/**
 * Rewrites a topology from the terms of Keras 3 into those of Keras 2, which TensorFlow.js uses:
 * `batch_shape`, types and functions as objects, calls as `args` and `kwargs`, wrapped
 * initialisers, settings with other names. Layers and settings keep their places in the file. A
 * topology of Keras 2 or TensorFlow.js hardly changes.
 *
 * @param model A model: `{class_name, config}`.
 * @param place Its place in the file.
 * @param knownAs The name under which TensorFlow.js knows a class.
 * @throws {ModelError} If it cannot be expressed in these terms.
 */
export function plainTopology(model: Json, place: string, knownAs: KnownAs): Json {
  return plain(model, "", place, {
    ...traitsOf(model, { isKeras3: false, hasMasks: false }),
    knownAs,
    depth: 0,
  }) as Json;
}

/** Traits of a whole model that are needed to rewrite its parts. */
interface Traits {
  /** True if Keras 3 wrote it. */
  isKeras3: boolean;
  /** True if a layer makes masks. */
  hasMasks: boolean;
}

/** Collects the traits of a whole model. */
function traitsOf(value: unknown, found: Traits, depth = 0): Traits {
  if (typeof value !== "object" || value === null || depth > MAX_DEPTH) return found;
  const { class_name: className, batch_shape, mask_zero } = value as Json;
  if (
    className === "__keras_tensor__" || className === "DTypePolicy" || batch_shape !== undefined
  ) {
    found.isKeras3 = true;
  }
  if (className === "Masking" || mask_zero === true) found.hasMasks = true;
  for (const inner of Object.values(value)) traitsOf(inner, found, depth + 1);
  return found;
}

interface Context extends Traits {
  knownAs: KnownAs;
  depth: number;
}

function plain(value: unknown, key: string, place: string, context: Context): unknown {
  if (context.depth > MAX_DEPTH) return value;
  const inner = { ...context, depth: context.depth + 1 };
  const isActivation = /activation$/i.test(key);
  if (typeof value === "string" && isActivation) return plainActivation(value, inner);
  // Without a mask the setting has no effect.
  if (key === "zero_output_for_mask" && !inner.hasMasks) return false;
  if (Array.isArray(value)) {
    return value.map((item, i) => plain(item, key, `${place}[${i}]`, inner));
  }
  if (!isObject(value)) return value;
  const { class_name: className, config } = value;
  switch (className) {
    // A tensor, and other names in calls, are handled with the calls.
    case "__keras_tensor__":
      return value;
    case "__tuple__":
      return plain(value.items, key, place, inner);
    case "__numpy__":
    case "__tensor__":
      return Object(config).value;
    case "function":
      if (typeof config === "string") return plain(config, key, place, inner);
  }
  if (isActivation) {
    const own = activationOfLayer(value, place, inner);
    if (own !== null) return own;
  }
  // The reason why a layer is not run is more helpful than its type.
  if (typeof className === "string" && refusedLayer(className) !== null) {
    if (context.knownAs(className) === null) throw unknownClass(className, place);
  }
  // Keras writes the settings of `compile` beside every model, also beside one inside another.
  if (typeof className === "string" && Object.hasOwn(value, "compile_config")) {
    requireSomeLayers(value, place, context.knownAs);
  }
  // Its numbers of bins are int64 in Keras, and float32 here.
  if (className === "Hashing" && isObject(config) && Object.hasOwn(config, "dtype")) {
    const { dtype: _, ...own } = config;
    return plain({ ...value, config: own }, key, place, context);
  }
  // A stateful generator starts from a seed that does not affect any result.
  if (key === "seed") return null;
  if (key === "dtype") return policy(value, place);
  const entries = Object.entries(value).filter(([own]) =>
    !WRAPPING.includes(own) || own === "module" && className === undefined
  );
  const written = Object.fromEntries(
    entries.map(([own, one]) => [own, plain(one, own, `${place}.${own}`, inner)]),
  );
  if (typeof className !== "string" || !isObject(written.config)) return written;
  if (key.endsWith("initializer")) {
    const config = plainDraw(written.config);
    return { ...written, class_name: INITIALIZERS[className] ?? className, config };
  }
  return { ...written, ...plainClass(value, written.config, place, context) };
}

/**
 * Returns the new keys of a model, an operation or a layer.
 *
 * @param value The object as it is in the file.
 * @param config Its configuration, whose parts are rewritten.
 */
function plainClass(value: Json, config: Json, place: string, context: Context): Json {
  const className = value.class_name as string;
  const modelClass = context.knownAs(className) === null ? modelClassOf(value.config) : null;
  if (MODEL_CLASSES.includes(className) || modelClass !== null) {
    return {
      class_name: modelClass ?? className,
      config: plainModel(config, `${place}.config`, context),
    };
  }
  if (isOperation(value)) return { is_operation: true };
  const layer = plainLayer(className, config, `${place}.config`);
  const own = plainTypes(layer.class_name, layer.config);
  return { ...layer, config: withMaskRule(layer.class_name, own, context) };
}

/** Returns a layer's treatment of masks, if it differs from TensorFlow.js's. */
function withMaskRule(className: string, config: Json, { isKeras3, hasMasks }: Context): Json {
  const isNormalization = className === "BatchNormalization";
  if (!isNormalization && className !== "GlobalAveragePooling1D") {
    const isOwn = isKeras3 && hasMasks && OWN_MASKS.includes(className);
    return isOwn ? { ...config, mask_rule: "keras3" } : config;
  }
  const { as_keras: isOfKeras, ...own } = config;
  // The batch normalisation of Keras 2 ignores masks.
  const heeds = isOfKeras === true && hasMasks && (isKeras3 || !isNormalization);
  return heeds ? { ...own, mask_rule: "keras3" } : own;
}

/** Returns the type that a policy computes in. Weights are float32 in a mixed one, too. */
function policy({ config }: Json, place: string): unknown {
  const { name } = Object(config) as Json;
  if (typeof name === "string" && /^(mixed_b?float16|b?float16|float32|float64)$/.test(name)) {
    return "float32";
  }
  throw unexpected(`${place}.config.name`, name, "a policy of floating-point numbers");
}

/** Inputs are float32 or int32 here. */
function plainTypes(className: string, config: Json): Json {
  const { dtype } = config;
  if (className !== "InputLayer" || typeof dtype !== "string") return config;
  if (INTEGERS.test(dtype)) return { ...config, dtype: "int32" };
  return /^b?float(16|64)$/.test(dtype) ? { ...config, dtype: "float32" } : config;
}

function plainModel(config: Json, place: string, { knownAs, hasMasks }: Context): Json {
  const { layers, build_input_shape: shape } = config;
  if (!Array.isArray(layers) || !layers.every((one) => isObject(one) && isObject(one.config))) {
    return config;
  }
  if (Object.hasOwn(config, "input_layers")) {
    return plainGraph(config, layers, place, { knownAs, hasMasks });
  }
  // A Sequential that was built on its first batch saves the shape of that batch.
  const [first, ...rest] = layers as Json[];
  const own = Object(first?.config) as Json;
  if (
    !Array.isArray(shape) || first === undefined ||
    own.batch_input_shape !== undefined || MODEL_CLASSES.includes(first.class_name as string)
  ) return config;
  return {
    ...config,
    layers: [{ ...first, config: { ...own, batch_input_shape: shape } }, ...rest],
  };
}

/**
 * Returns the configuration of an initialiser. TensorFlow.js has no normal distribution without a
 * cut; the weights come from the file all the same.
 */
function plainDraw(config: Json): Json {
  return config.distribution === "untruncated_normal"
    ? { ...config, distribution: "normal" }
    : config;
}

/** Initialisers that TensorFlow.js has under another name. */
const INITIALIZERS: Record<string, string> = {
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
  ActivityRegularization: ({ l1, l2, ...config }) => {
    const own = { ...config, activation: "linear" };
    // A penalty of 0 is dropped.
    if (isZero(l1) && isZero(l2)) return { class_name: "Activation", config: own };
    const regularizer = { class_name: "L1L2", config: { l1: l1 ?? 0, l2: l2 ?? 0 } };
    return { class_name: "Activation", config: { ...own, activity_regularizer: regularizer } };
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
 * @param config Its configuration, with the objects in it already rewritten.
 * @param place Its place in the file.
 * @throws {ModelError} If TensorFlow.js cannot express it.
 */
export function plainLayer(className: string, config: Json, place: string): PlainLayer {
  const change = Object.hasOwn(CHANGES, className) ? CHANGES[className] : undefined;
  const changed = change?.(config, place) ?? config;
  return typeof changed.class_name === "string" && isObject(changed.config)
    ? changed as unknown as PlainLayer
    : { class_name: className, config: changed as Json };
}

function leaky({ negative_slope: alpha, threshold: _, max_value: _none, ...config }: Json) {
  return { class_name: "LeakyReLU", config: { ...config, alpha } };
}

/** TensorFlow.js makes the backward layer itself; Keras 3 writes it into the file. */
function bidirectional({ backward_layer: backward, ...config }: Json, place: string): Json {
  const { layer } = config;
  if (!isObject(layer) || !isObject(layer.config)) return config;
  const forward = layer.config;
  const isCopy = backward === undefined || backward === null ||
    isObject(backward) && backward.class_name === layer.class_name && isObject(backward.config) &&
      essence(backward.config) === essence(forward) &&
      backward.config.go_backwards === !forward.go_backwards;
  if (!isCopy) {
    throw new ModelError({
      place: `${place}.backward_layer`,
      found: `unlike ${place}.layer`,
      expected: "a copy of it with go_backwards: TensorFlow.js has no other",
    });
  }
  if (typeof forward.name !== "string") return config;
  // Each direction is named after the layer.
  const name = forward.name.replace(/^forward_(?=.)/, "");
  return { ...config, layer: { ...layer, config: { ...forward, name } } };
}

/** Common settings of the two directions. */
const essence = ({ name: _, go_backwards: _way, ...config }: Json) =>
  JSON.stringify(Object.entries(config).toSorted(([a], [b]) => a < b ? -1 : 1));
