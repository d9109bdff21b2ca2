import type { Layer, LayersModel, TensorFlow } from "../../engine/tensorflow.ts";
import { innerLayers } from "../../core/model/layers/leaf_layers.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { formatCount } from "../../ground/words/numbers.ts";
import { showValue } from "../../ground/words/show_value.ts";
import type { Hdf5Group } from "../hdf5/open_hdf5.ts";
import type { Hdf5Array } from "../hdf5/read_array.ts";
import type { Json } from "../topology/topology_json.ts";
import { kerasOrder, ownName } from "./keras_file.ts";
import {
  containerOf,
  pairByPath,
  requireShape,
  requireSure,
  type WeightPair,
} from "./pair_by_path.ts";

/** A weight in the file: its name (`dense/kernel:0`) and its entries. */
interface NamedArray {
  name: string;
  array: Hdf5Array;
}

/** Weights of one layer of a model, as written in the file. */
interface SavedLayer {
  name: string;
  weights: NamedArray[];
}

/**
 * Pairs the weights of a model with the arrays of a file as written by Keras 2, and by Keras 3 for
 * `.h5`: one group per layer of the model, with a list of its weights.
 *
 * @param root The group that lists the layers.
 * @throws {ModelError} If a weight is missing, left over, of another shape, or ambiguous.
 */
function pairByGroup(model: LayersModel, root: Hdf5Group): WeightPair[] {
  const saved = list(root, "layer_names").map((name) => savedLayer(root, name))
    .filter(({ weights }) => weights.length > 0);
  const layers = model.layers.filter(({ weights }) => weights.length > 0);
  if (saved.length !== layers.length) {
    const more = saved.map(({ name }) => name);
    const less = layers.map(({ name }) => name);
    const extra = more.find((name) => !less.includes(name)) ?? more.at(-1);
    const missing = less.find((name) => !more.includes(name)) ?? less.at(-1);
    throw new ModelError({
      place: "The file",
      verb: "has",
      found: `weights of ${formatCount(saved.length, "layer")}`,
      expected: `${layers.length} as the model has`,
      hint: saved.length > layers.length
        ? `: no layer takes those of ${showValue(extra)}`
        : `: ${showValue(missing)} gets none`,
    });
  }
  const byName = new Map(saved.map((one) => [one.name, one]));
  if (byName.size !== saved.length) {
    throw new ModelError(refusal`layer_names of the file names a layer twice, expected each once`);
  }
  if (layers.every(({ name }) => byName.has(name))) {
    return layers.flatMap((layer) => pairLayer(layer, byName.get(layer.name)!));
  }
  const known = layers.find(({ name }, i) => byName.has(name) && saved[i].name !== name);
  if (known !== undefined) {
    const at = layers.indexOf(known);
    throw new ModelError(
      refusal`The file has layer ${showValue(saved[at].name)} where the model has ${
        showValue(known.name)
      }, and has that name elsewhere, expected the same names or the same order`,
    );
  }
  const pairs = layers.flatMap((layer, i) => pairLayer(layer, saved[i]));
  requireSure(model, pairs);
  return pairs;
}

/** Returns a list of names; a long one is split, because an attribute holds at most 64 kB. */
function list(group: Hdf5Group, name: string): string[] {
  const whole = group.texts(name);
  if (whole !== null) return whole;
  const pieces: string[] = [];
  for (let i = 0;; i++) {
    const piece = group.texts(`${name}${i}`);
    if (piece === null) break;
    for (const one of piece) pieces.push(one);
  }
  if (pieces.length > 0) return pieces;
  throw new ModelError({
    place: showValue(group.path || "The file"),
    verb: "has",
    found: `no ${showValue(name)}`,
    expected: "the list that Keras writes",
  });
}

function savedLayer(root: Hdf5Group, name: string): SavedLayer {
  const group = find(root, name);
  if (group?.kind !== "group") {
    throw new ModelError(
      refusal`layer_names of the file has ${showValue(name)}, expected its group, too`,
    );
  }
  const names = list(group, "weight_names");
  const weights = names.map((name) => {
    const array = find(group, name);
    if (array?.kind !== "array") {
      throw new ModelError(
        refusal`weight_names of ${showValue(group.path)} has ${
          showValue(name)
        }, expected its array, too`,
      );
    }
    return { name, array };
  });
  const twice = names.find((one, i) => names.indexOf(one) !== i);
  if (twice !== undefined) {
    throw new ModelError(
      refusal`weight_names of ${showValue(group.path)} has ${
        showValue(twice)
      } twice, expected it once`,
    );
  }
  return { name, weights };
}

function find(group: Hdf5Group, path: string): Hdf5Group | Hdf5Array | undefined {
  let at: Hdf5Group | Hdf5Array | undefined = group;
  for (const step of path.split("/")) {
    at = at?.kind === "group" ? at.children.get(step) : undefined;
  }
  return at;
}

/** Returns the layers in a layer that own weights, cells among them, in order. */
function owners(layer: Layer): Layer[] {
  const { cell, cells } = layer as unknown as { cell?: Layer; cells?: Layer[] };
  const inner = innerLayers(layer) ?? cells ?? (cell === undefined ? null : [cell]);
  if (inner === null) return layer.weights.length === 0 ? [] : [layer];
  // A wrapper may have weights besides those of its inner layers.
  const isOwner = innerLayers(layer) !== null && kerasOrder(layer).length > 0;
  return [...new Set([...inner.flatMap(owners), ...isOwner ? [layer] : []])];
}

/**
 * Pairs the weights of one layer of the model: those of its inner layers by name, else by order.
 */
function pairLayer(layer: Layer, saved: SavedLayer): WeightPair[] {
  const own = owners(layer);
  const scopes = new Map<string, NamedArray[]>();
  for (const weight of saved.weights) {
    const scope = weight.name.slice(0, Math.max(0, weight.name.lastIndexOf("/")));
    scopes.set(scope, [...scopes.get(scope) ?? [], weight]);
  }
  if (scopes.size !== own.length) {
    throw new ModelError({
      place: `Layer ${showValue(saved.name)} of the file`,
      verb: "has",
      found: `the weights of ${formatCount(scopes.size, "layer")} (${
        [...scopes.keys()].slice(0, 3).map(showValue).join(", ")
      })`,
      expected: `${own.length} as layer ${showValue(layer.name)} has`,
    });
  }
  const named = matchByName(own, [...scopes.keys()], layer);
  return own.flatMap((one, i) => {
    const scope = named?.get(one) ?? [...scopes.keys()][i];
    return pairOwner(one, scope, scopes.get(scope)!);
  });
}

/** Returns the scope of each layer if the names of all of them tell it. */
function matchByName(own: Layer[], scopes: string[], within: Layer): Map<Layer, string> | null {
  const found = new Map<Layer, string>();
  for (const one of own) {
    const fitting = scopes.filter((scope) => scope.split("/").includes(nameOf(one, within)));
    if (fitting.length !== 1) return null;
    found.set(one, fitting[0]);
  }
  return new Set(found.values()).size === own.length ? found : null;
}

/**
 * Returns the name of a layer. A cell is named after its layer: `forward_lstm` of
 * `forward_lstm/lstm_cell`.
 */
function nameOf(owner: Layer, within: Layer): string {
  const holder = holderOf(owner, within);
  return (holder ?? owner).name;
}

function holderOf(owner: Layer, within: Layer): Layer | null {
  if ((within as unknown as { cell?: Layer }).cell === owner) return within;
  for (const inner of innerLayers(within) ?? []) {
    const found = holderOf(owner, inner);
    if (found !== null) return found;
  }
  return null;
}

function pairOwner(layer: Layer, scope: string, weights: NamedArray[]): WeightPair[] {
  const variables = kerasOrder(layer);
  if (variables.length !== weights.length) {
    throw new ModelError(
      refusal`${showValue(scope)} of the file has ${
        formatCount(weights.length, "weight")
      }, expected ${variables.length} as layer ${showValue(layer.name)} has`,
    );
  }
  return variables.map((variable) => {
    const name = ownName(variable.originalName);
    const byName = (wanted: string) => weights.filter((one) => ownName(one.name) === wanted);
    // Keras 3 names the kernel of a depthwise convolution like that of any other.
    const fitting = [...byName(name), ...name === "depthwise_kernel" ? byName("kernel") : []];
    if (fitting.length !== 1) {
      throw new ModelError(
        refusal`${showValue(scope)} of the file has ${
          fitting.length === 0 ? "no" : "more than one"
        } ${showValue(name)} (it has ${
          weights.map((one) => showValue(ownName(one.name))).join(", ")
        }), expected one for layer ${showValue(layer.name)}`,
      );
    }
    return requireShape({ variable, array: fitting[0].array, layer });
  });
}

/**
 * Returns the group of an HDF5 file that holds the weights of a model, and its layout: `groups` by
 * the names of layers and weights (`.h5` of Keras 2 and 3), `paths` by their numbers (`.weights.h5`
 * of Keras 3, and the weights in a `.keras`).
 *
 * @throws {ModelError} If it has neither.
 */
export function weightsOf(root: Hdf5Group): { group: Hdf5Group; layout: "groups" | "paths" } {
  const own = root.children.get("model_weights");
  const group = own?.kind === "group" ? own : root;
  if (group.texts("layer_names") !== null || group.texts("layer_names0") !== null) {
    return { group, layout: "groups" };
  }
  if (containerOf(root) !== undefined) return { group: root, layout: "paths" };
  throw new ModelError(
    refusal`The file has neither "layer_names" nor a group "layers", expected weights that Keras saved`,
  );
}

/**
 * Pairs the weights of a model with the arrays of a Keras file: by order, name and shape together.
 *
 * @param topology The configuration that came with the weights; `null` if the model comes from
 * elsewhere.
 * @throws {ModelError} If a weight is missing, left over, of another shape, or ambiguous; the
 * message names both sides.
 */
export function pairKerasWeights(
  model: LayersModel,
  root: Hdf5Group,
  topology: Json | null,
): WeightPair[] {
  const { group, layout } = weightsOf(root);
  return layout === "groups" ? pairByGroup(model, group) : pairByPath(model, group, topology);
}

/** Sets each weight to the entries of its array. */
export function setKerasWeights(tf: TensorFlow, pairs: readonly WeightPair[]): void {
  // Fresh tensors only: XNNPACK keeps using the old weights if a tensor is written in place.
  for (const { variable, array } of pairs) {
    tf.tidy(() => {
      const value = tf.tensor(array.read(), array.shape, variable.dtype);
      (variable.read() as unknown as { assign(value: unknown): void }).assign(value);
    });
  }
}
