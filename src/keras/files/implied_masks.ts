import { isObject } from "../../ground/words/shape.ts";
import { KERAS_LAYER_RECORDS } from "../../ground/traits/keras_layers.ts";
import type { Json } from "../topology/topology_json.ts";
import { isOperation, isTensor } from "./plain_operation.ts";

/** Operations of which Keras makes masks, and which it lists among the layers. */
const MASKING = [
  "Any",
  "Concatenate",
  "ConvertToTensor",
  "ExpandDims",
  "LogicalAnd",
  "LogicalOr",
  "NotEqual",
  "OnesLike",
  "ZerosLike",
];

/** Mask operations whose result does not depend on their input. */
const CONSTANT = ["OnesLike", "ZerosLike"];

/** Layers of TensorFlow.js whose output has no mask in Keras 3. */
const STOPPING = new RegExp(
  "^((Global)?(Average|Max)Pooling.D|CategoryEncoding|CenterCrop|Conv.D(Transpose)?|" +
    "(Depthwise|Separable)Conv2D|Cropping2D|Flatten|InputLayer|Permute|RepeatVector|Reshape|" +
    "Resizing|UpSampling2D|ZeroPadding2D)$",
);

/** True if the output of a layer of a class has no mask. */
const stopsMask = (name: string): boolean =>
  STOPPING.test(name) ||
  Object.hasOwn(KERAS_LAYER_RECORDS, name) && KERAS_LAYER_RECORDS[name].stopsMask === true;

/** Maximum number of operations in a mask. */
const MAX_DEPTH = 50;

type Layers = ReadonlyMap<unknown, Json>;

const isMasking = (layer: Json | undefined): layer is Json =>
  MASKING.includes(layer?.class_name as string) &&
  (layer?.is_operation === true || isOperation(layer!));

/** Returns the origin of a tensor: layer, call, tensor. */
export const historyOf = (tensor: unknown): unknown[] => {
  const { keras_history: history } = Object(Object(tensor).config) as Json;
  return Array.isArray(history) ? history : [];
};

/** Returns the names of the layers whose tensors are in a piece of JSON. */
function makersIn(value: unknown, found: Set<unknown> = new Set()): Set<unknown> {
  if (isTensor(value)) found.add(historyOf(value)[0]);
  else if (Array.isArray(value)) { for (const one of value) makersIn(one, found); }
  else if (isObject(value)) { for (const one of Object.values(value)) makersIn(one, found); }
  return found;
}

/** Returns the names of the layers that a layer reads, except through masks. */
function readBy(layer: Json | undefined): Set<unknown> {
  const nodes = Array.isArray(layer?.inbound_nodes) ? layer.inbound_nodes.filter(isObject) : [];
  return makersIn(nodes.map(({ args, kwargs }) => {
    const { mask: _, ...others } = Object(kwargs) as Json;
    return [args, others];
  }));
}

/**
 * Returns the names of the operations that only make masks.
 *
 * @param layers The layers of a functional model.
 * @param outputs The outputs of the model, as written in the file.
 */
export function masksAlone(layers: Layers, outputs: unknown): Set<unknown> {
  const own = [...layers].filter(([, layer]) => isMasking(layer)).map(([name]) => name);
  if (own.length === 0) return new Set();
  const ends = JSON.stringify(outputs ?? null);
  const isEnd = (name: unknown) => ends.includes(JSON.stringify(name));
  const isAlone = new Set(own);
  const needed = own.filter(isEnd);
  for (const layer of layers.values()) {
    if (!isMasking(layer)) needed.push(...readBy(layer));
  }
  for (let name = needed.pop(); name !== undefined; name = needed.pop()) {
    if (isAlone.delete(name)) needed.push(...readBy(layers.get(name)));
  }
  return isAlone;
}

/**
 * Returns true if TensorFlow.js makes a mask itself: it follows from the entries that an Embedding
 * or a Masking masks.
 */
export function isImplied(mask: Json, layers: Layers, depth = 0): boolean {
  const maker = layers.get(historyOf(mask)[0]);
  if (marksEntries(mask, layers)) return true;
  if (!isMasking(maker) || depth > MAX_DEPTH) return false;
  const tensors = tensorsIn(maker.inbound_nodes);
  const sources = tensors.filter((one) => {
    const source = layers.get(historyOf(one)[0]);
    return isMasking(source) && !CONSTANT.includes(source.class_name as string);
  });
  // A Masking's mask is that of its own entries only.
  const isEntries = sources.some((one) => layers.get(historyOf(one)[0])!.class_name === "NotEqual");
  if (maker.class_name === "Any" && isEntries) return false;
  return sources.length > 0 && sources.every((one) => isImplied(one, layers, depth + 1));
}

/**
 * True if a tensor has a mask from an earlier Embedding or Masking that no layer in between
 * dropped. A class that is not Keras's is taken to pass masks on.
 */
export function carriesMask(tensor: unknown, layers: Layers, depth = 0): boolean {
  if (Array.isArray(tensor)) return tensor.some((one) => carriesMask(one, layers, depth));
  const layer = layers.get(historyOf(tensor)[0]);
  if (layer === undefined || depth > MAX_DEPTH) return true;
  const { class_name: name } = layer;
  const { mask_zero, return_sequences: sequences } = Object(layer.config) as Json;
  if (name === "Embedding") return mask_zero === true;
  if (name === "Masking") return true;
  const isOver = layer.is_operation === true || isOperation(layer) || sequences === false;
  if (isOver || stopsMask(name as string)) return false;
  const calls = (Array.isArray(layer.inbound_nodes) ? layer.inbound_nodes : []).filter(isObject);
  const args = calls.flatMap((call) => Array.isArray(call.args) ? call.args : []);
  return args.length === 0 || carriesMask(args, layers, depth + 1);
}

function tensorsIn(value: unknown): Json[] {
  if (isTensor(value)) return [value];
  if (Array.isArray(value)) return value.flatMap(tensorsIn);
  return isObject(value) ? Object.values(value).flatMap(tensorsIn) : [];
}

/** Returns true if a mask marks the entries of some tensor that an Embedding or Masking masks. */
function marksEntries(mask: Json, layers: Layers): boolean {
  const argsOf = (layer: Json | undefined) => {
    const [node] = Array.isArray(layer?.inbound_nodes) ? layer.inbound_nodes : [];
    const { args } = Object(node) as Json;
    return Array.isArray(args) ? args : [];
  };
  let maker = layers.get(historyOf(mask)[0]);
  const isAny = maker?.class_name === "Any";
  if (isAny) maker = layers.get(historyOf(argsOf(maker)[0])[0]);
  const [source, value] = argsOf(maker);
  if (maker?.class_name !== "NotEqual" || !isTensor(source)) return false;
  const from = JSON.stringify(historyOf(source));
  return [...layers.values()].some((layer) => {
    const { class_name: name, config } = layer;
    const { mask_zero, mask_value } = config as Json;
    const marks = isAny
      ? name === "Masking" && (mask_value ?? 0) === value
      : name === "Embedding" && mask_zero === true && value === 0;
    const nodes = Array.isArray(layer.inbound_nodes) ? layer.inbound_nodes : [];
    return marks && nodes.some((node) => {
      const { args } = Object(node) as Json;
      return Array.isArray(args) && JSON.stringify(historyOf(args[0])) === from;
    });
  });
}
