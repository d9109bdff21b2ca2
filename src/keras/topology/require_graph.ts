import { isObject } from "../../ground/words/shape.ts";
import { ModelError, unexpected } from "../../core/model/model_error.ts";
import { isOperationClass } from "../../ground/traits/operation_traits.ts";
import { showValue } from "../../ground/words/show_value.ts";
import { KERAS_LAYER_RECORDS } from "../../ground/traits/keras_layers.ts";
import { LAYER_SETTINGS } from "./layer_settings.ts";
import { type Json, type KnownAs, MODEL_CLASSES, setting } from "./topology_json.ts";
import { refusal } from "../../ground/words/input_error.ts";

/** Layer of a functional model. */
interface Vertex extends LayerCalls {
  /** Place of its calls in the file. */
  nodesPlace: string;
  /** Calls as written in the file. */
  nodes: unknown[][];
  /** References that each call takes. */
  takes: Reference[][];
}

interface Reference {
  layer: string;
  node: number;
}

/** TensorFlow.js keeps layers by name in a plain object, which already has these. */
export const isBuiltIn = (name: string) => name in {};

/**
 * Checks the graph of a functional model: names, the calls of each layer, inputs and outputs.
 *
 * @param config The model's configuration.
 * @param knownAs Returns the name by which TensorFlow.js knows a class.
 * @throws {ModelError} If a reference leads nowhere, or in a circle.
 */
export function requireGraph(config: Json, place: string, knownAs: KnownAs): void {
  const { key, value } = setting(config, "layers");
  const vertices = new Map<string, Vertex>();
  (value as Json[]).forEach((layer, i) => {
    const at = `${place}.${key}[${i}]`;
    const name = requireName(layer, at, vertices);
    vertices.set(name, vertexOf(layer, at, knownAs));
  });
  for (const { nodes, nodesPlace, takes } of vertices.values()) {
    nodes.forEach((node, n) => {
      takes.push(
        node.map((one, r) => requireReference(one, `${nodesPlace}[${n}][${r}]`, vertices)),
      );
    });
  }
  requireNoCircles(vertices);
  const inputs = new Set<string>();
  const outputs: Reference[] = [];
  const listed = new Set<string>();
  for (const list of ["inputLayers", "outputLayers"]) {
    const { key, value } = setting(config, list);
    const at = `${place}.${key}`;
    if (!Array.isArray(value) || value.length === 0) {
      throw unexpected(at, value, "an array of references to layers");
    }
    value.forEach((one, i) => {
      const reference = requireReference(one, `${at}[${i}]`, vertices);
      const { layer } = reference;
      if (list === "outputLayers") {
        // TensorFlow.js computes an output once, and returns nothing for a second listing.
        const known = JSON.stringify((one as unknown[]).slice(0, 3));
        if (listed.has(known)) {
          throw new ModelError(
            refusal`${at}[${i}] is ${known}, expected an output that is not listed before`,
          );
        }
        listed.add(known);
        return void outputs.push(reference);
      }
      if (vertices.get(layer)!.isInput === false) {
        throw unexpected(`${at}[${i}][0]`, layer, "the name of an InputLayer");
      }
      if (inputs.has(layer)) {
        throw unexpected(`${at}[${i}][0]`, layer, "an input that is not listed before");
      }
      inputs.add(layer);
    });
  }
  const missing = missingInput(vertices, inputs, outputs);
  if (missing !== null) {
    throw new ModelError({
      place: `${place}.${setting(config, "inputLayers").key}`,
      verb: "has",
      found: `no ${showValue(missing)}`,
      expected: "every input that the outputs need",
    });
  }
}

/** Returns an input that some output needs but that is not an input of the model. */
function missingInput(
  vertices: Map<string, Vertex>,
  inputs: Set<string>,
  outputs: Reference[],
): string | null {
  const needed = new Map(outputs.map((one) => [`${one.node} ${one.layer}`, one]));
  // Iteration over a map includes entries added during it.
  for (const { layer, node } of needed.values()) {
    const { first, isInput, takes } = vertices.get(layer)!;
    if (isInput && !inputs.has(layer)) return layer;
    for (const one of takes[node - first] ?? []) needed.set(`${one.node} ${one.layer}`, one);
  }
  return null;
}

function requireName(layer: Json, place: string, taken: Map<string, Vertex>): string {
  const { name } = layer;
  if (typeof name !== "string") throw unexpected(`${place}.name`, name, "a string");
  if (taken.has(name)) {
    throw unexpected(`${place}.name`, name, "a name that no layer before it has");
  }
  if (isBuiltIn(name)) {
    throw unexpected(`${place}.name`, name, "a name that JavaScript has no use for");
  }
  const own = (setting(layer, "config").value as Json).name;
  if (own !== undefined && own !== name) {
    throw unexpected(`${place}.config.name`, own, `${showValue(name)} as ${place}.name has it`);
  }
  return name;
}

function vertexOf(layer: Json, place: string, knownAs: KnownAs): Vertex {
  const { key, value: nodes } = setting(layer, "inboundNodes");
  const nodesPlace = `${place}.${key}`;
  if (!Array.isArray(nodes)) throw unexpected(nodesPlace, nodes, "an array");
  nodes.forEach((node, n) => {
    // TensorFlow.js does not count a call without inputs, so the numbers of later calls would be
    // off.
    if (!Array.isArray(node) || node.length === 0) {
      throw unexpected(`${nodesPlace}[${n}]`, node, "an array of references");
    }
  });
  const name = knownAs(setting(layer, "className").value as string)!;
  const calls = layerCalls(name, setting(layer, "config").value as Json);
  const { fewest, most } = calls;
  nodes.forEach((node, n) => {
    if (node.length >= fewest && node.length <= most) return;
    const count = fewest === most ? fewest : `${fewest} or more`;
    throw unexpected(
      `${nodesPlace}[${n}]`,
      node,
      `${count === 1 ? "one reference" : `${count} references`} as ${name} takes inputs`,
    );
  });
  return { nodesPlace, nodes, takes: [], ...calls };
}

function requireReference(
  reference: unknown,
  place: string,
  vertices: Map<string, Vertex>,
): Reference {
  const [name, node, tensor, options] = Array.isArray(reference) ? reference : [];
  const isReference = typeof name === "string" &&
    [node, tensor].every((index) => Number.isSafeInteger(index) && index >= 0);
  if (!isReference) throw unexpected(place, reference, "an array [layer, node, tensor]");
  const vertex = vertices.get(name);
  if (vertex === undefined) {
    throw unexpected(`${place}[0]`, name, "the name of a layer of this model");
  }
  const calls = vertex.first + vertex.nodes.length;
  // A nested model's first call is the one on its own inputs.
  const low = vertex.isInput === false ? vertex.first : 0;
  if (calls === low) throw unexpected(`${place}[0]`, name, "a layer that is called");
  if (node < low || node >= calls) {
    throw unexpected(`${place}[1]`, node, numbers(low, calls - 1, "calls", name));
  }
  if (tensor >= vertex.tensors) {
    throw unexpected(`${place}[2]`, tensor, numbers(0, vertex.tensors - 1, "tensors", name));
  }
  if (options !== undefined && options !== null && !isObject(options)) {
    throw unexpected(`${place}[3]`, options, "an object");
  }
  return { layer: name, node };
}

const numbers = (low: number, high: number, what: string, name: string) =>
  `${low === high ? low : `${low} to ${high}`} as the ${what} of layer ${
    showValue(name)
  } are numbered`;

/**
 * Rejects calls that wait for each other. A call also waits for earlier calls of its layer, which
 * determine its number.
 */
function requireNoCircles(vertices: Map<string, Vertex>): void {
  /** Number of calls of each layer that can be made. */
  const done = new Map([...vertices].map(([name, { first }]) => [name, first]));
  const waiting = new Map<string, Set<string>>();
  const open = new Set(vertices.keys());
  // Iteration over a set includes entries added during it.
  for (const name of open) {
    open.delete(name);
    const { first, takes } = vertices.get(name)!;
    for (let n = done.get(name)! - first; n < takes.length; n++) {
      const missing = takes[n].find(({ layer, node }) => done.get(layer)! <= node);
      if (missing !== undefined) {
        waiting.set(missing.layer, (waiting.get(missing.layer) ?? new Set()).add(name));
        break;
      }
      done.set(name, first + n + 1);
      for (const other of waiting.get(name) ?? []) open.add(other);
      waiting.delete(name);
    }
  }
  for (const [name, { first, takes, nodesPlace }] of vertices) {
    const n = done.get(name)! - first;
    if (n === takes.length) continue;
    const { layer } = takes[n].find(({ layer, node }) => done.get(layer)! <= node)!;
    throw new ModelError({
      place: `${nodesPlace}[${n}]`,
      verb: "takes",
      found: `the output of ${showValue(layer)}, which depends on this layer`,
      expected: "layers without a cycle",
    });
  }
}

/** Possible calls of a layer in a functional model. */
interface LayerCalls {
  /**
   * Number of calls before the first one in the file: 1 for an input or a nested model, whose first
   * call is its own.
   */
  first: number;
  /** True if it is an input; `null` if unknown. */
  isInput: boolean | null;
  /** Smallest number of tensors that a call takes. */
  fewest: number;
  /** Largest number of tensors that a call takes. */
  most: number;
  /** Largest number of tensors that a call returns. */
  tensors: number;
}

/** Largest number of outputs of a recurrent layer, including its states. */
const RECURRENT: Record<string, number> = {
  Bidirectional: 6,
  ConvLSTM2D: 3,
  GRU: 2,
  LSTM: 3,
  RNN: Infinity,
  SimpleRNN: 2,
};

const MERGING = ["Add", "Average", "Concatenate", "Maximum", "Minimum", "Multiply"];

/** Returns the possible calls of a layer. */
export function layerCalls(name: string, config: Json): LayerCalls {
  const plain: LayerCalls = { first: 0, isInput: false, fewest: 1, most: 1, tensors: 1 };
  if (name === "InputLayer") return { ...plain, first: 1, isInput: true, fewest: 0, most: 0 };
  if (name === "Sequential") return { ...plain, first: 1 };
  if (MODEL_CLASSES.includes(name)) {
    const [inputs, outputs] = ["inputLayers", "outputLayers"].map((key) =>
      (setting(config, key).value as unknown[]).length
    );
    return { ...plain, first: 1, fewest: inputs, most: inputs, tensors: outputs };
  }
  if (Object.hasOwn(RECURRENT, name)) {
    // The initial states may come after the input.
    return { ...plain, most: Infinity, tensors: RECURRENT[name] };
  }
  if (isOperationClass(name)) return { ...plain, most: Infinity, tensors: Infinity };
  if (name === "Dot") return { ...plain, fewest: 2, most: 2 };
  if (MERGING.includes(name)) return { ...plain, fewest: 2, most: Infinity };
  if (Object.hasOwn(KERAS_LAYER_RECORDS, name)) {
    const [fewest, most] = KERAS_LAYER_RECORDS[name].inputs ?? [1, 1];
    const scores = setting(config, "returnAttentionScores").value === true;
    return { ...plain, fewest, most, tensors: scores ? 2 : 1 };
  }
  if (Object.hasOwn(LAYER_SETTINGS, name)) return plain;
  // A custom class may be anything, even a model.
  return { first: 1, isInput: null, fewest: 1, most: Infinity, tensors: Infinity };
}
