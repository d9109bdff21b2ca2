import { isObject } from "../../ground/words/shape.ts";
import { ModelError, unexpected } from "../../core/model/model_error.ts";
import { slopeOf } from "../../ground/traits/activations.ts";
import { showValue } from "../../ground/words/show_value.ts";
import type { Json } from "../topology/topology_json.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { OPERATION_TRAITS, operationClass } from "../../ground/traits/operation_traits.ts";

/** Keras activations whose name here is not their Keras name in camel case. */
export const KERAS_NAMES: Readonly<Record<string, string>> = {
  hard_sigmoid: "hardSigmoid6",
  hard_swish: "hard_silu",
  leaky_relu: "leakyRelu(0.2)",
  silu: "swish",
};

/** Keras layers that are just an activation, with that activation. */
const ACTIVATION_LAYERS: Readonly<Record<string, (config: Json) => string | null>> = {
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
 * @throws {ModelError} If the activation is unknown.
 */
export function activationOfLayer(
  layer: Json,
  place: string,
  file: { isKeras3: boolean },
): string | Json | null {
  const { class_name: className, config } = layer;
  if (
    typeof className !== "string" || !Object.hasOwn(ACTIVATION_LAYERS, className) ||
    !isObject(config)
  ) {
    return null;
  }
  const name = ACTIVATION_LAYERS[className](config);
  if (name !== null) return plainActivation(name, file);
  throw new ModelError(
    refusal`${place} is a layer ${
      showValue(className)
    } with settings that no activation has, expected it after the layer, not in it`,
  );
}

/** An operation expressed as a layer. */
interface PlainOperation {
  class_name: string;
  config: Json;
  /** Tensors that it is called with, in order. */
  tensors: Json[];
}

/** An operand: one of the tensors, by its number, or a constant. */
type Operand = { tensor: number } | { value: unknown };

/**
 * Operations that are an activation, with that activation, or `null` for settings that no
 * activation has.
 */
const ACTIVATIONS: Readonly<Record<string, (settings: Json) => string | null>> = {
  Celu: ({ alpha }) => alpha === 1 ? "celu" : null,
  Elu: ({ alpha }) => alpha === 1 ? "elu" : null,
  Exp: () => "exponential",
  Gelu: ({ approximate }) => approximate === false ? "gelu" : "gelu_new",
  HardShrink: ({ threshold }) => threshold === 0.5 ? "hard_shrink" : null,
  HardSigmoid: () => "hard_sigmoid",
  HardSilu: () => "hard_silu",
  HardTanh: () => "hard_tanh",
  LeakyRelu: ({ negative_slope }) => `leakyRelu(${negative_slope})`,
  LogSigmoid: () => "log_sigmoid",
  LogSoftmax: ({ axis }) => axis === -1 ? "log_softmax" : null,
  Mish: () => "mish",
  Relu: () => "relu",
  Relu6: () => "relu6",
  Selu: () => "selu",
  Sigmoid: () => "sigmoid",
  Silu: () => "silu",
  SoftShrink: ({ threshold }) => threshold === 0.5 ? "soft_shrink" : null,
  Softmax: ({ axis }) => axis === -1 ? "softmax" : null,
  Softplus: () => "softplus",
  Softsign: () => "softsign",
  SparsePlus: () => "sparse_plus",
  SparseSigmoid: () => "sparse_sigmoid",
  Sparsemax: ({ axis }) => axis === -1 ? "sparsemax" : null,
  Squareplus: ({ b }) => b === 4 ? "squareplus" : null,
  Tanh: () => "tanh",
  TanhShrink: () => "tanh_shrink",
};

/**
 * Operations that equal the layer of the same name, on any number of tensors with the same number
 * of axes.
 */
const LAYERS = ["Add", "Concatenate", "Maximum", "Minimum", "Multiply", "Subtract"];

/**
 * Operations with a number that equal a Rescaling: its scale and offset, by the position of the
 * number.
 */
const RESCALINGS: Record<string, (number: number, isFirst: boolean) => [number, number] | null> = {
  Add: (number) => [1, number],
  Divide: (number, isFirst) => isFirst ? null : [1 / number, 0],
  Multiply: (number) => [number, 0],
  Subtract: (number, isFirst) => isFirst ? [-1, number] : [1, -number],
  TrueDivide: (number, isFirst) => isFirst ? null : [1 / number, 0],
};

/** Names of the arguments that are not operands. */
const ARGUMENTS: Readonly<Record<string, string>> = { GetItem: "key", Take: "indices" };

const NO_GRADIENT = "it has no gradient";

/** Reasons why operations are not run. */
const REASONS: Readonly<Record<string, string>> = {
  Argmax: NO_GRADIENT,
  Argmin: NO_GRADIENT,
  Argsort: NO_GRADIENT,
  Nonzero: NO_GRADIENT,
  OneHot: "no gradient passes through its input; a CategoryEncoding does the same",
  SearchSorted: NO_GRADIENT,
  TopK: "the places that it gives have no gradient",
};

/**
 * Returns true if a layer of a file is a Keras operation. A `.keras` names its module; in a `.h5`
 * an operation only has a name and its settings, whereas each layer has `trainable`.
 */
export function isOperation(
  { class_name: name, module, config, inbound_nodes: nodes }: Json,
): boolean {
  if (typeof module === "string") return /^keras\.(src\.)?ops\b/.test(module);
  const tables = [ACTIVATIONS, OPERATION_TRAITS, REASONS, RESCALINGS];
  const isKnown = typeof name === "string" &&
    (LAYERS.includes(name) || tables.some((table) => Object.hasOwn(table, name)));
  return isKnown && Array.isArray(nodes) && nodes.some(isObject) && isObject(config) &&
    !Object.hasOwn(config, "trainable");
}

/**
 * Returns an operation between layers (`x[:, 0]`, `1.0 - x`, `ops.mean(x, axis=1)`), which Keras
 * lists among the layers, as the layer that does the same.
 *
 * @param layer The operation: `{class_name, name, config}`.
 * @param place Place of the call in the file.
 * @param model `hasMasks`: true if a layer of the model makes masks: an operation passes none on.
 * @throws {ModelError} If it is not supported.
 */
export function plainOperation(
  layer: Json,
  node: Json,
  place: string,
  { hasMasks }: { hasMasks: boolean },
): PlainOperation {
  const name = layer.class_name as string;
  const { name: own, ...given } = layer.config as Json;
  const settings: Json = { ...given };
  const args = Array.isArray(node.args) ? [...node.args] : [];
  const kwargs = Object.entries(isObject(node.kwargs) ? node.kwargs : {});
  if (Object.hasOwn(ARGUMENTS, name) && args.length > 1) {
    const key = ARGUMENTS[name];
    const [argument] = args.splice(1, 1);
    settings[key] = key === "key" ? indexOf(argument, `${place}.args[1]`) : argument;
  }
  const tensors: Json[] = [];
  const operands: Operand[] = [];
  const take = (value: unknown, at: string) => {
    if (isTensor(value)) {
      operands.push({ tensor: tensors.length });
      tensors.push(value);
    } else if (Array.isArray(value) && value.some(isTensor)) {
      value.forEach((one, i) => take(one, `${at}[${i}]`));
    } else if (isConstant(value)) operands.push({ value });
    else throw unexpected(at, value, "a tensor, a number or an array of numbers");
  };
  args.forEach((value, i) => value === null || take(value, `${place}.args[${i}]`));
  for (const [key, value] of kwargs) {
    if (value === null) continue;
    const at = `${place}.kwargs.${key}`;
    if (isTensor(value) || /^(x\d?|condition|inputs|xs)$/.test(key)) take(value, at);
    else settings[key] = value;
  }
  const words = inWords(name, settings, operands, tensors);
  if (words === null) throw refusedOperation(name, place);
  const config = { name: own, ...words.config, ...hasMasks ? { mask_rule: "none" } : {} };
  return { class_name: words.class_name, config, tensors };
}

function inWords(
  name: string,
  settings: Json,
  operands: readonly Operand[],
  tensors: Json[],
): Pick<PlainOperation, "class_name" | "config"> | null {
  if (tensors.length === 0) return null;
  const isOfTensors = tensors.length === operands.length;
  if (isOfTensors && Object.hasOwn(ACTIVATIONS, name)) {
    const activation = ACTIVATIONS[name](settings);
    if (activation !== null) {
      return {
        class_name: "Activation",
        config: { activation: plainActivation(activation, { isKeras3: true }) },
      };
    }
    // Only layers have these settings: several axes, or another slope.
    if (name === "Softmax") return { class_name: name, config: settings };
    if (name === "Elu") return { class_name: "ELU", config: settings };
  }
  if (isOfTensors && LAYERS.includes(name)) {
    const isRepeated = tensors.length > 1 &&
      tensors.every((one) => rankOf(one) === rankOf(tensors[0]));
    if (isRepeated) return { class_name: name, config: settings };
    if (name === "Concatenate") {
      return { class_name: "Activation", config: { activation: "linear" } };
    }
  }
  const numberAt = operands.findIndex((one) => "value" in one && typeof one.value === "number");
  if (operands.length === 2 && numberAt !== -1 && Object.hasOwn(RESCALINGS, name)) {
    const { value } = operands[numberAt] as { value: number };
    const rescaling = RESCALINGS[name](value, numberAt === 0);
    if (rescaling !== null) {
      const [scale, offset] = rescaling;
      return { class_name: "Rescaling", config: { scale, offset } };
    }
  }
  if (name === "Negative") return { class_name: "Rescaling", config: { scale: -1, offset: 0 } };
  if (!Object.hasOwn(OPERATION_TRAITS, name)) return null;
  return {
    class_name: operationClass(name),
    config: { settings, ...isOfTensors ? {} : { operands } },
  };
}

function refusedOperation(name: string, place: string): ModelError {
  const at = place.replace(/\.inbound_nodes\[\d+\]$/, "");
  const reason = Object.hasOwn(REASONS, name) ? `: ${REASONS[name]}` : "";
  return new ModelError({
    place: `${at}.class_name`,
    found: showValue(name),
    expected: "an operation that is run",
    meant:
      `, an operation of Keras (keras.ops) that is not run here${reason}. Save a model without ` +
      `it: keras.Model(inputs, outputs) of the part before it or behind it`,
  });
}

/** True if a piece of JSON is a Keras tensor. */
export const isTensor = (value: unknown): value is Json =>
  isObject(value) && value.class_name === "__keras_tensor__";

const isConstant = (value: unknown): boolean =>
  typeof value === "number" || typeof value === "boolean" ||
  Array.isArray(value) && value.length > 0 && value.every(isConstant);

/** Returns the number of axes of a tensor. */
const rankOf = (value: Json) => {
  const { shape } = Object(value.config) as Json;
  return Array.isArray(shape) ? shape.length : -1;
};

/**
 * Returns an index: `x[:, 0]`. A slice becomes `[start, stop, step]`, and an ellipsis `["..."]`.
 */
function indexOf(value: unknown, place: string): unknown[] {
  const items = Array.isArray(value) ? value : [value];
  return items.map((item, i) => {
    if (item === null || Number.isInteger(item)) return item;
    const { class_name: name, config } = Object(item) as Json;
    if (name === "__ellipsis__") return ["..."];
    const { start = null, stop = null, step = null } = Object(config) as Json;
    const isSlice = [start, stop, step].every((one) => one === null || Number.isInteger(one));
    if (name === "__slice__" && isSlice && step !== 0) return [start, stop, step];
    throw unexpected(`${place}[${i}]`, item, "a whole number, a slice, an ellipsis or null");
  });
}
