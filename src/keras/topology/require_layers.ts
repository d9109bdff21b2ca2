import { isObject } from "../../ground/words/shape.ts";
import { ModelError, unexpected } from "../../core/model/model_error.ts";
import { KERAS_ACTIVATIONS } from "../../ground/traits/activation_traits.ts";
import { STOCK_OPTIMIZERS } from "../../ground/traits/optimizers.ts";
import { camelCase, KINDS, type Setting, type Settings } from "../../ground/traits/setting.ts";
import { nearest, refusal } from "../../ground/words/input_error.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { COMMON, LAYER_SETTINGS } from "./layer_settings.ts";
import { isBuiltIn, requireGraph } from "./require_graph.ts";
import { type Json, type KnownAs, MODEL_CLASSES, setting } from "./topology_json.ts";

const WORDS: Record<Exclude<Role, "optimizer">, string> = {
  activation: "an activation",
  cell: "the cell of a recurrent layer",
  constraint: "a constraint",
  initializer: "an initializer",
  layer: "a layer",
  model: "a model",
  recurrent: "a recurrent layer",
  regularizer: "a regularizer",
};

/** Settings of TensorFlow.js's classes. Those of other classes are not checked. */
const SETTINGS: Record<string, Settings> = {
  ...LAYER_SETTINGS,
  Constant: { value: { ...KINDS.number, required: true } },
  VarianceScaling: {
    scale: {
      what: "a number of at least 0",
      is: (value) => typeof value === "number" && value >= 0,
    },
    mode: KINDS.choice("fanIn", "fanOut", "fanAvg"),
    distribution: KINDS.choice("normal", "uniform", "truncatedNormal"),
  },
};

/**
 * Largest number of layers that may run in one pass. Each leaves tensors behind that JavaScript's
 * heap must hold; and 30 nested models that call each other twice would run for years.
 */
const MAX_CALLS = 10_000;

/** TensorFlow.js names a tensor after the layer that makes it. */
const LAYER_NAME: Setting = {
  what: "a name of letters, digits and . _ - / that begins with a letter or digit",
  is: (value) => typeof value === "string" && /^[A-Za-z0-9][\w./-]*$/.test(value),
};

/** Roles of the parts of a layer's configuration, by the last word of the key. */
const PARTS: [RegExp, Role][] = [
  [/(^a|A)ctivation$/, "activation"],
  [/Constraint$/, "constraint"],
  [/Initializer$/, "initializer"],
  [/Regularizer$/, "regularizer"],
];

/** Layers that a class applies, by their key. */
const INNER: Record<string, [key: string, role: Role]> = {
  Bidirectional: ["layer", "recurrent"],
  RNN: ["cell", "cell"],
  SpectralNormalization: ["layer", "layer"],
  TimeDistributed: ["layer", "layer"],
};

/**
 * Checks everything in a model's topology before anything is built: the configuration of each layer
 * of TensorFlow.js, and how the layers are connected. Custom classes pass.
 *
 * @param model The model as in the file: `{class_name, config}`.
 * @param knownAs Returns the name by which TensorFlow.js knows a class.
 * @throws {ModelError} If something cannot be built, or not measured in any reasonable time.
 */
export function requireTopologyLayers(model: Json, place: string, knownAs: KnownAs): void {
  const calls = requireObject(model, place, "model", knownAs);
  if (calls <= MAX_CALLS) return;
  throw new ModelError({
    place,
    verb: "calls",
    found: `layers ${calls} times in one pass`,
    expected: `at most ${MAX_CALLS} calls`,
  });
}

/**
 * Rejects two keys that are the same to TensorFlow.js, such as `units` and `units_`: only one would
 * count.
 */
function requireDistinctKeys(object: Json, place: string): void {
  const written = new Map<string, string>();
  for (const key of Object.keys(object)) {
    const other = written.get(camelCase(key));
    if (other !== undefined) {
      throw new ModelError({
        place,
        verb: "has",
        found: `the keys ${showValue(other)} and ${showValue(key)}, which are one to TensorFlow.js`,
        expected: "one of them",
      });
    }
    written.set(camelCase(key), key);
  }
}

/**
 * Checks an object of a class: `{class_name, config}`.
 *
 * @returns Number of layers that run in one call of it.
 */
function requireObject(value: unknown, place: string, role: Role, knownAs: KnownAs): number {
  const what = WORDS[role as keyof typeof WORDS];
  if (!isObject(value)) throw unexpected(place, value, `${what} with "class_name" and "config"`);
  requireDistinctKeys(value, place);
  const className = setting(value, "className");
  const config = setting(value, "config");
  if (typeof className.value !== "string") {
    throw unexpected(`${place}.${className.key}`, className.value, `the name of a class`);
  }
  const name = knownAs(className.value);
  const roles = name === null ? null : rolesOf(name);
  if (roles !== null && !roles.includes(role)) {
    throw unexpected(`${place}.${className.key}`, className.value, `the class of ${what}`);
  }
  const at = `${place}.${config.key}`;
  if (name !== null && MODEL_CLASSES.includes(name)) {
    return requireTopology(config.value, at, name, knownAs);
  }
  if (!isObject(config.value)) throw unexpected(at, config.value, "an object");
  return name === null || roles === null ? 1 : requireConfig(name, config.value, at, knownAs);
}

function requireTopology(config: unknown, place: string, name: string, knownAs: KnownAs): number {
  // In Keras 1, the configuration of a Sequential is the list of its layers.
  const isList = name === "Sequential" && Array.isArray(config);
  if (!isList && !isObject(config)) throw unexpected(place, config, "an object");
  if (!isList) requireDistinctKeys(config as Json, place);
  const layers = isList ? { key: "", value: config } : setting(config as Json, "layers");
  const at = isList ? place : `${place}.${layers.key}`;
  if (!isList) requireSetting(COMMON.name, setting(config as Json, "name").value, `${place}.name`);
  if (!Array.isArray(layers.value)) throw unexpected(at, layers.value, "an array");
  if (name === "Sequential" && layers.value.length === 0) {
    throw unexpected(at, layers.value, "an array of layers");
  }
  const calls = layers.value.map((layer, i) => {
    const count = requireObject(layer, `${at}[${i}]`, "layer", knownAs);
    const config = setting(layer, "config");
    const own = isObject(config.value) ? config.value.name : undefined;
    requireSetting(LAYER_NAME, own, `${at}[${i}].${config.key}.name`);
    return count;
  });
  if (name === "Sequential") {
    if (!hasShape(layers.value[0], knownAs)) throw shapeless(`${at}[0].config`);
    requireDistinctNames(layers.value, at);
    return calls.reduce((sum, count) => sum + count, 0);
  }
  requireGraph(config as Json, place, knownAs);
  return calls.reduce((sum, count, i) => {
    const nodes = setting((layers.value as Json[])[i], "inboundNodes").value as unknown[];
    return sum + count * nodes.length;
  }, 0);
}

/** Rejects two layers of one name; gives a layer without a name a free one. */
function requireDistinctNames(layers: Json[], place: string): void {
  const taken = new Set<unknown>();
  layers.forEach((layer, i) => {
    const config = setting(layer, "config");
    const name = isObject(config.value) ? config.value.name ?? null : null;
    if (name !== null && taken.has(name)) {
      throw unexpected(
        `${place}[${i}].${config.key}.name`,
        name,
        "a name that no layer before it has",
      );
    }
    if (typeof name === "string" && isBuiltIn(name)) {
      throw unexpected(
        `${place}[${i}].${config.key}.name`,
        name,
        "a name that JavaScript has no use for",
      );
    }
    taken.add(name);
  });
}

const shapeless = (place: string) =>
  new ModelError(
    refusal`${place} has no "batch_input_shape", expected the shape that the model takes`,
  );

/** Returns true if the first layer of a Sequential defines the model's input shape. */
function hasShape(layer: Json, knownAs: KnownAs): boolean {
  const name = knownAs(setting(layer, "className").value as string)!;
  const config = setting(layer, "config").value as Json;
  if (MODEL_CLASSES.includes(name) || name === "Embedding" || rolesOf(name) === null) return true;
  return saysShape(config, name === "Dense" ? [...SHAPE_KEYS, "inputDim"] : SHAPE_KEYS);
}

const SHAPE_KEYS: readonly string[] = ["batchInputShape", "inputShape"];

function saysShape(config: Json, keys: readonly string[]): boolean {
  return keys.some((key) => (setting(config, key).value ?? null) !== null);
}

function requireConfig(name: string, config: Json, place: string, knownAs: KnownAs): number {
  requireDistinctKeys(config, place);
  const settings: Settings = { ...COMMON, ...SETTINGS[name] };
  for (const [key, kind] of Object.entries(settings)) {
    const { key: written, value } = setting(config, key);
    requireSetting(kind, value, `${place}.${written}`);
  }
  for (const key of Object.keys(config)) {
    const { key: written, value } = setting(config, key);
    const part = PARTS.find(([pattern]) => pattern.test(camelCase(key)));
    if (part === undefined || value === null || value === undefined) continue;
    requirePart(value, `${place}.${written}`, part[1], knownAs);
  }
  if (name === "InputLayer" && !saysShape(config, SHAPE_KEYS)) throw shapeless(place);
  if (Object.hasOwn(INNER, name)) {
    const [key, role] = INNER[name];
    const { key: written, value } = setting(config, key);
    requireNoInnerPenalty(config, place);
    requireNoInnerPenalty(Object(value).config, `${place}.${written}.config`);
    return requireObject(value, `${place}.${written}`, role, knownAs);
  }
  if (name === "StackedRNNCells") {
    const { key, value } = setting(config, "cells");
    if (!Array.isArray(value) || value.length === 0) {
      throw unexpected(`${place}.${key}`, value, "an array of cells");
    }
    value.forEach((cell, i) => {
      requireNoInnerPenalty(Object(cell).config, `${place}.${key}[${i}].config`);
      requireObject(cell, `${place}.${key}[${i}]`, "cell", knownAs);
    });
  }
  return 1;
}

/** Rejects a penalty on the outputs of a wrapper, or of a layer or cell that another layer calls. */
function requireNoInnerPenalty(config: unknown, place: string): void {
  if (!isObject(config)) return;
  const { key, value } = setting(config, "activityRegularizer");
  const only = KINDS.only(null, "penalties on activations inside a wrapper are not supported");
  requireSetting(only, value, `${place}.${key}`);
}

/**
 * Checks an activation, initialiser, constraint or regulariser: a name, or an object of its class.
 */
function requirePart(value: unknown, place: string, role: Role, knownAs: KnownAs): void {
  if (typeof value !== "string") {
    requireObject(value, place, role, knownAs);
    return;
  }
  const own = knownAs(value) ?? knownAs(`${value[0]?.toUpperCase()}${camelCase(value).slice(1)}`);
  const roles = own === null ? null : rolesOf(own);
  if (own !== null && (roles === null || roles.includes(role)) || value === "l1l2") return;
  const names = CLASS_ROLES[role as keyof typeof CLASS_ROLES];
  const what = WORDS[role as keyof typeof WORDS];
  throw unexpected(place, value, `${what} that TensorFlow.js has${nearest(value, names)}`);
}

/** Roles for which TensorFlow.js has classes other than layers, each with the classes. */
const CLASS_ROLES = {
  activation: [
    "elu",
    "gelu",
    "gelu_new",
    "hardSigmoid",
    "linear",
    "logSoftmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "softmax",
    "softplus",
    "softsign",
    "swish",
    "tanh",
    ...Object.keys(KERAS_ACTIVATIONS),
    "leakyRelu",
  ],
  constraint: ["MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"],
  initializer: [
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "LeCunNormal",
    "LeCunUniform",
    "Ones",
    "Orthogonal",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
  ],
  optimizer: STOCK_OPTIMIZERS,
  regularizer: ["L1L2"],
} as const;

/** Role of a class. `cell` and `recurrent` are layers that only some wrappers take. */
type Role = keyof typeof CLASS_ROLES | "cell" | "recurrent" | "layer" | "model";

const CELLS = ["ConvLSTM2DCell", "GRUCell", "LSTMCell", "SimpleRNNCell", "StackedRNNCells"];
const RECURRENT = ["ConvLSTM2D", "GRU", "LSTM", "RNN", "SimpleRNN"];

/** Returns the roles of the class of this name, or `null` for a custom class. */
function rolesOf(name: string): Role[] | null {
  for (const [role, names] of Object.entries(CLASS_ROLES)) {
    if ((names as readonly string[]).includes(name)) return [role as Role];
  }
  if (MODEL_CLASSES.includes(name)) return ["model", "layer"];
  if (CELLS.includes(name)) return ["cell", "layer"];
  if (RECURRENT.includes(name)) return ["recurrent", "layer"];
  return Object.hasOwn(LAYER_SETTINGS, name) ? ["layer"] : null;
}

/**
 * Rejects a value that a setting does not take.
 *
 * @param value The value, `undefined` if there is none.
 */
export function requireSetting(setting: Setting, value: unknown, place: string): void {
  const { is, items, required, what } = setting;
  if ((value === undefined || value === null) && !required || is?.(value)) return;
  const isList = items !== undefined && Array.isArray(value) && value.length > 0 &&
    (items.count === null || items.count === value.length);
  if (!isList) throw unexpected(place, value, what);
  value.forEach((item, i) => {
    requireSetting({ ...items.each, required: true }, item, `${place}[${i}]`);
  });
}
