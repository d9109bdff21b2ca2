import { isObject } from "../../ground/words/shape.ts";
import { ModelError, unexpected } from "../../core/model/model_error.ts";
import { KERAS_LAYER_RECORDS } from "../../ground/traits/keras_layers.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { type Json, type KnownAs, MODEL_CLASSES, sortedKeys } from "../topology/topology_json.ts";
import { unknownClass } from "../topology/unknown_class.ts";
import { carriesMask, historyOf, isImplied, masksAlone } from "./implied_masks.ts";
import { isOperation, isTensor, plainOperation } from "./plain_operation.ts";

const ARGUMENTS = [
  "query",
  "value",
  "key",
  "query_mask",
  "value_mask",
  "key_mask",
  "attention_mask",
];

const OPTIONS = ["use_causal_mask", "return_attention_scores"];

/** A call of an attention in terms of our layers: part of it moves to the layer. */
interface AttentionCall {
  /** The remaining arguments and keywords: tensors, and those that any layer may be called with. */
  node: Json;
  /** Settings that move to the layer's configuration. */
  settings: Json;
}

/**
 * Converts a call of a Keras attention. TensorFlow.js only calls a layer with tensors: their roles,
 * and all other arguments of a call, move to the configuration of the layer here.
 *
 * @param place Its place in the file.
 * @returns `null` if the layer is not an attention.
 */
function attentionCall(className: string, node: Json, place: string): AttentionCall | null {
  if (!Object.hasOwn(KERAS_LAYER_RECORDS, className)) return null;
  const { calledWith } = KERAS_LAYER_RECORDS[className];
  if (calledWith === undefined) return null;
  const { args, kwargs } = node;
  const given = { ...Object(kwargs) as Json };
  const settings: Json = {};
  for (const option of OPTIONS) {
    const value = given[option] ?? false;
    delete given[option];
    if (typeof value !== "boolean") {
      throw unexpected(`${place}.kwargs.${option}`, value, "true or false");
    }
    if (value) settings[option] = true;
  }
  if (calledWith === "array") return { node: { ...node, kwargs: given }, settings };
  const listed = Array.isArray(args) ? args : [];
  const named = new Map(listed.map((value, i) => [ARGUMENTS[i], value]));
  for (const name of ARGUMENTS) {
    if (given[name] !== undefined) named.set(name, given[name]);
    delete given[name];
  }
  const inputs = ARGUMENTS.filter((name) => named.get(name) != null);
  if (inputs[0] !== "query" || listed.length > ARGUMENTS.length) {
    throw unexpected(`${place}.args`, args, "query, value and key");
  }
  if (inputs.join() !== "query,value") settings.called_with = inputs;
  return {
    node: { ...node, args: [inputs.map((name) => named.get(name))], kwargs: given },
    settings,
  };
}

/**
 * Adds the settings of its calls to an attention.
 *
 * @param place Place of the calls in the file.
 * @throws {ModelError} If they differ.
 */
function withCalls(layer: Json, calls: readonly Json[], place: string): Json {
  const [first = {}] = calls;
  const other = calls.findIndex((one) => JSON.stringify(one) !== JSON.stringify(first));
  if (other !== -1) {
    throw new ModelError({
      place: `${place}[${other}]`,
      verb: "calls",
      found: `${showValue(layer.name)} with other settings than ${place}[0]`,
      expected: "the same in every call",
      hint: ": TensorFlow.js gives them to a layer once",
    });
  }
  return { ...layer, config: { ...layer.config as Json, ...first } };
}

/** A reference of Keras 2 and TensorFlow.js: layer, call, tensor of its output. */
type Reference = [layer: string, node: number, tensor: number];

/** Layers that may start from given states. */
const RECURRENT = ["Bidirectional", "ConvLSTM2D", "GRU", "LSTM", "RNN", "SimpleRNN"];

/** Layers of one functional model. */
interface Graph {
  /** Layers by name, as written in the file. */
  layers: Map<unknown, Json>;
  /** Name under which TensorFlow.js knows a class. */
  knownAs: KnownAs;
  /** True if a layer of the whole model makes masks. */
  hasMasks: boolean;
}

/**
 * Rewrites the calls of a functional model of Keras 3 to those of Keras 2.
 *
 * @param config The model's configuration.
 * @param layers Its layers, already rewritten except for their calls.
 * @param place Place of the configuration in the file.
 * @param context `knownAs`: the name under which TensorFlow.js knows a class; `hasMasks`: true if a
 * layer of the whole model makes masks.
 * @throws {ModelError} If a call cannot be made in TensorFlow.js.
 */
export function plainGraph(
  config: Json,
  layers: Json[],
  place: string,
  { knownAs, hasMasks }: Pick<Graph, "knownAs" | "hasMasks">,
): Json {
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  const graph: Graph = { layers: byName, knownAs, hasMasks };
  const masks = masksAlone(graph.layers, config.output_layers);
  const rewritten = layers.map((layer, i): Json | null => {
    const { inbound_nodes: nodes } = layer;
    if (!Array.isArray(nodes) || !nodes.some(isObject)) return layer;
    const at = `${place}.layers[${i}].inbound_nodes`;
    if (layer.is_operation === true || isOperation(layer)) {
      return masks.has(layer.name) ? null : operationOf(layer, graph, at);
    }
    const told: Json[] = [];
    const calls = nodes.map((node, n) => {
      if (!isObject(node)) return node;
      const attention = attentionCall(layer.class_name as string, node, `${at}[${n}]`);
      if (attention === null) return callOf(node, layer, graph, `${at}[${n}]`);
      told.push(attention.settings);
      return callOf(attention.node, layer, graph, `${at}[${n}]`);
    });
    return { ...withCalls(layer, told, at), inbound_nodes: calls };
  });
  const outputs = ends(
    config.output_layers,
    (name) => graph.layers.get(name)?.class_name === "Sequential" && isNew(layers) ? 1 : 0,
  );
  const { input_layers: inputs } = config;
  return {
    ...config,
    layers: rewritten.filter((layer) => layer !== null),
    input_layers: ends(inputs, () => 0),
    output_layers: outputs,
    ...isObject(inputs) ? { input_names: sortedKeys(inputs) } : {},
  };
}

/** Returns an operation between layers as a layer that is called once. */
function operationOf(layer: Json, graph: Graph, at: string): Json {
  const nodes = layer.inbound_nodes as unknown[];
  if (nodes.length !== 1 || !isObject(nodes[0])) {
    throw unexpected(at, nodes, "one call of an operation");
  }
  const place = `${at}[0]`;
  const { tensors, ...words } = plainOperation(layer, nodes[0], place, graph);
  const { is_operation: _, ...own } = { ...layer, ...words } as Json;
  const call = callOf({ args: [tensors] }, own, graph, place);
  return { ...own, inbound_nodes: [call] };
}

/** True if Keras 3 wrote the calls. */
const isNew = (layers: Json[]) =>
  layers.some(({ inbound_nodes }) => Array.isArray(inbound_nodes) && inbound_nodes.some(isObject));

/**
 * Returns the inputs or outputs of a model: one reference, a list of them, or one per name. Keras 3
 * counts the calls of a nested Sequential from 0, Keras 2 from 1.
 */
function ends(value: unknown, shift: (name: string) => number): unknown {
  const list = referencesOf(value);
  if (!Array.isArray(list)) return value;
  return list.map((one) =>
    Array.isArray(one) && typeof one[0] === "string" && typeof one[1] === "number"
      ? [one[0], one[1] + shift(one[0]), ...one.slice(2)]
      : one
  );
}

/** Returns a list of references; anything but one reference or one per name is unchanged. */
function referencesOf(value: unknown): unknown {
  if (Array.isArray(value) && typeof value[0] === "string") return [value];
  return isObject(value) ? sortedKeys(value).map((name) => value[name]) : value;
}

/** Converts one call: its references and its settings. */
function callOf(node: Json, layer: Json, graph: Graph, place: string): unknown[] {
  const className = layer.class_name as string;
  const args = Array.isArray(node.args) ? node.args : [];
  const kwargs = isObject(node.kwargs) ? node.kwargs : {};
  const references: Reference[] = [];
  const options: Json = {};
  const take = (value: unknown, at: string) => {
    for (const tensor of tensorsOf(value, at)) references.push(referenceOf(tensor, graph, at));
  };
  const [input] = args;
  const isDictionary = isObject(input) && !isTensor(input) && MODEL_CLASSES.includes(className);
  const given = isDictionary ? inputsByName(input, layer, `${place}.args[0]`) : input;
  if (args.length > 0) take(given, `${place}.args[0]`);
  args.slice(1).forEach((value, i) => value === null || take(value, `${place}.args[${i + 1}]`));
  for (const [key, value] of Object.entries(kwargs)) {
    const at = `${place}.kwargs.${key}`;
    if (isEmpty(value)) continue;
    if (key === "inputs" || key === "sequence" || key === "sequences") take(value, at);
    else if (key === "initial_state" && RECURRENT.includes(className)) take(value, at);
    else if (key === "mask") requireNoMask(value, given ?? kwargs.inputs, graph, at);
    else if (key === "training" && typeof value === "boolean") options.training = value;
    else if (typeof className !== "string" || graph.knownAs(className) === null) {
      throw unknownClass(className, place.replace(/\.inbound_nodes\[\d+\]$/, ""));
    } else {
      throw unexpected(at, value, `null: ${className} of TensorFlow.js is not called with it`);
    }
  }
  return references.map(([...reference], i) => i === 0 ? [...reference, options] : reference);
}

/** Returns true if an argument holds no tensor: it is null, or a list or dictionary of nulls. */
const isEmpty = (value: unknown): boolean =>
  value === null || typeof value === "object" && !isTensor(value) &&
    Object.values(value).every((one) => one === null);

/**
 * Returns the tensors of a dictionary that a nested model is called with, in the order of the
 * model's inputs: by the keys of the dictionary that it was made with, else by the names of its
 * inputs, as Keras does.
 */
function inputsByName(given: Json, layer: Json, place: string): unknown[] {
  const { input_names, input_layers } = Object(layer.config) as Json;
  const own = Array.isArray(input_layers) ? input_layers.map((one) => Object(one)[0]) : [];
  const names = Array.isArray(input_names) ? input_names : own;
  const isKnown = names.length > 0 && names.every((name) => Object.hasOwn(given, name)) &&
    (!Array.isArray(input_names) || names.length === Object.keys(given).length);
  if (isKnown) return names.map((name) => given[name]);
  throw new ModelError({
    place,
    verb: "has",
    found: `the keys ${showValue(Object.keys(given).join(", "))}`,
    expected: `the names of the inputs of ${showValue(layer.name)}: ${names.join(", ")}`,
  });
}

function tensorsOf(value: unknown, place: string): Json[] {
  if (Array.isArray(value)) return value.flatMap((one, i) => tensorsOf(one, `${place}[${i}]`));
  if (!isTensor(value)) throw unexpected(place, value, "a tensor or an array of tensors");
  return [value];
}

/** Returns the origin of a tensor, with calls of a nested model counted from 1 as in Keras 2. */
function referenceOf(tensor: Json, { layers }: Graph, place: string): Reference {
  const { keras_history: history } = Object(tensor.config) as Json;
  const [name, node, index] = Array.isArray(history) ? history : [];
  if (typeof name !== "string" || ![node, index].every(Number.isSafeInteger)) {
    throw unexpected(`${place}.config.keras_history`, history, "an array [layer, node, tensor]");
  }
  const isModel = MODEL_CLASSES.includes(layers.get(name)?.class_name as string);
  return [name, node + (isModel ? 1 : 0), index];
}

/**
 * Rejects masks that TensorFlow.js does not make itself, as it does for an Embedding or a Masking,
 * and those that the input of the call has lost on its way. Keras 3 lists the operations that made
 * them.
 */
function requireNoMask(value: unknown, input: unknown, graph: Graph, place: string): void {
  const masks = tensorsOf(
    isTensor(value) ? value : Object.values(Object(value)).filter((one) => one !== null),
    place,
  );
  for (const mask of masks) {
    const [name] = historyOf(mask);
    if (isImplied(mask, graph.layers)) {
      if (input === undefined || carriesMask(input, graph.layers)) continue;
      throw new ModelError({
        place,
        found: `the mask ${showValue(name)}`,
        expected: "the mask of the layer's input",
        meant: ", which the layer's input has lost: an operation or a layer before it " +
          "passes no mask on. Masks that a call is given are not supported; save the model without that argument, " +
          "or with layers that pass the mask on",
      });
    }
    throw new ModelError({
      place,
      found: `a mask that ${showValue(name)} makes`,
      expected: "one of an Embedding or a Masking, which TensorFlow.js makes itself",
    });
  }
}
