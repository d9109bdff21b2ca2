import { isObject } from "../../ground/words/shape.ts";
import type { Layer, LayersModel } from "../../engine/tensorflow.ts";
import { isComposite } from "../../core/model/layers/leaf_layers.ts";
import { ModelError } from "../../core/model/model_error.ts";
import { automaticName } from "../../core/model/names.ts";
import type { LayerVariable } from "../../core/model/weights/model_weights.ts";
import { KERAS_LAYER_RECORDS } from "../../ground/traits/keras_layers.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { formatCount } from "../../ground/words/numbers.ts";
import { showValue } from "../../ground/words/show_value.ts";
import type { Hdf5Group } from "../hdf5/open_hdf5.ts";
import type { Hdf5Array } from "../hdf5/read_array.ts";
import { type Json, MODEL_CLASSES, modelClassOf } from "../topology/topology_json.ts";
import { kerasOrder } from "./keras_file.ts";

/** Weight of a model, and the array of a file for it. */
export interface WeightPair {
  variable: LayerVariable;
  array: Hdf5Array;
  /** Layer that owns the weight. */
  layer: Layer;
}

export function requireShape(pair: WeightPair): WeightPair {
  const { variable, array, layer } = pair;
  if (variable.shape.join() === array.shape.join()) return pair;
  throw new ModelError(
    refusal`${showValue(array.path)} has shape [${array.shape.join(", ")}], expected [${
      variable.shape.join(", ")
    }] as weight ${showValue(variable.originalName)} of layer ${showValue(layer.name)} has`,
  );
}

/**
 * Rejects pairs that rest on the order of the layers alone if that is ambiguous: in a model whose
 * layers do not form a chain, two layers with weights of the same shapes could be exchanged.
 *
 * @param pairs Its weights with their arrays.
 */
export function requireSure(model: LayersModel, pairs: readonly WeightPair[]): void {
  if (isChain(model)) return;
  const byLayer = new Map<Layer, WeightPair[]>();
  for (const pair of pairs) {
    byLayer.set(pair.layer, [...byLayer.get(pair.layer) ?? [], pair]);
  }
  const byAlike = new Map<string, WeightPair>();
  for (const [layer, own] of byLayer) {
    const shapes = own.map(({ array }) => array.shape.join());
    const alike = [layer.getClassName(), wayOf(own[0]), ...shapes].join(" ");
    const other = byAlike.get(alike);
    if (other !== undefined) {
      throw new ModelError({
        place: `${showValue(other.array.path)} and ${showValue(own[0].array.path)}`,
        verb: "both fit",
        found: `layers ${showValue(other.layer.name)} and ${showValue(layer.name)}`,
        expected: "layers of the names that the file has, or a chain",
      });
    }
    byAlike.set(alike, own[0]);
  }
}

/** Returns the direction of a layer that a weight is for: that does not depend on the order. */
const wayOf = ({ array }: WeightPair) =>
  /(^|\/)backward_/.test(array.path) ? "backward" : "forward";

/** Returns true if the layers of a model form a single chain. */
function isChain({ layers, inputs, outputs }: LayersModel): boolean {
  return inputs.length === 1 && outputs.length === 1 && layers.every((layer) => {
    const isModel = "inputLayers" in layer;
    // A nested model also has a call on its own inputs; at the front of a Sequential it is the only
    // one.
    const calls = isModel ? Math.max(1, layer.inboundNodes.length - 1) : layer.inboundNodes.length;
    return calls === 1 && layer.inboundNodes.at(-1)!.inputTensors.length <= 1 &&
      layer.outboundNodes.length <= 1 && !(isModel && !isChain(layer as LayersModel));
  });
}

/** Names that the versions of Keras give to the layers of a model in the file. */
const CONTAINERS = ["layers", "_layer_checkpoint_dependencies"];

/** Returns the name of the layers' group in a Keras 3 file; `undefined` for another format. */
export const containerOf = (root: Hdf5Group): string | undefined =>
  CONTAINERS.find((name) => root.children.get(name)?.kind === "group");

/** Layer that owns weights, and its path in the file. */
interface Part {
  path: string;
  /** The layer, or the cell; `undefined` for one that no output needs, and that was not built. */
  layer: Layer | undefined;
  /** Expected name in the file: that in the configuration, if there is one. */
  name: string | null;
  /** Its weights, if they are not all of the layer's; `null` for a copy of one stored elsewhere. */
  variables?: (LayerVariable | null)[];
}

/**
 * Properties of a layer, or of its configuration, that determine where the file keeps its weights.
 */
interface Item {
  className: string;
  layer: Layer | undefined;
  config: Json | null;
}

/**
 * Pairs the weights of a model with the arrays of a file as written by Keras 3
 * (`layers/dense_1/vars/0`). The names there count the layers of each class in their container, in
 * the order of the configuration; the name of the layer that the weights were saved from is stored
 * beside them. Both have to agree, and the shapes.
 *
 * @param root The file, which has such a container.
 * @param topology The configuration that came with the weights, as Keras wrote it; `null` if the
 * model comes from elsewhere, and its own order and classes count.
 * @throws {ModelError} If a weight is missing, left over, of another shape, or ambiguous.
 */
export function pairByPath(
  model: LayersModel,
  root: Hdf5Group,
  topology: Json | null,
): WeightPair[] {
  const container = containerOf(root)!;
  const parts: Part[] = [];
  const className = typeof topology?.class_name === "string"
    ? topology.class_name
    : model.getClassName();
  visit({ className, layer: model, config: topology }, "", { root, container }, parts);
  for (const part of parts) part.path = pathIn(root, part.path);
  const claimed = new Set<Hdf5Array>();
  const pairs = parts.flatMap((part) => pairPart(part, root, claimed));
  requireNoLeftovers(root, container, claimed);
  requireNames(parts, root, { isSameFile: topology !== null });
  if (topology === null && !parts.every((part) => isNamed(part, root))) requireSure(model, pairs);
  return pairs;
}

const join = (path: string, name: string) => path === "" ? name : `${path}/${name}`;

/** Inner layers of a layer by field; TensorFlow.js writes Keras's names in camel case. */
type Holder = Record<string, Layer | undefined> & { cells?: Layer[]; layers?: Layer[] };

/** File that is paired with a model. */
interface File {
  root: Hdf5Group;
  container: string;
}

function visit(item: Item, path: string, file: File, parts: Part[]): void {
  const { className, layer, config } = item;
  const holder = (layer ?? {}) as unknown as Holder;
  const own = Object(config?.config) as Json;
  const into = (name: string, inner: Layer | undefined, key = name) =>
    visit(itemOf(own[key], inner), join(path, name), file, parts);
  if (MODEL_CLASSES.includes(className) || modelClassOf(own) !== null) {
    const folder = join(path, file.container);
    const children = childrenOf(config === null ? null : own, holder);
    const names = groupsOf(children, find(file.root, folder));
    children.forEach((child, i) => visit(child, join(folder, names[i]), file, parts));
  } else if (layer !== undefined && isComposite(layer)) {
    for (const [name, inner] of Object.entries(layer.innerLayers)) {
      if (name === "") {
        parts.push({ path, layer: inner, name: config === null ? null : nameOf(own, layer) });
      } else if (inner.weights.length > 0) {
        visit(itemOf(null, inner), join(path, name), file, parts);
      }
    }
  } else if (className === "Bidirectional") {
    into("forward_layer", holder.forwardLayer, "layer");
    into("backward_layer", holder.backwardLayer, "layer");
  } else if (className === "SpectralNormalization") {
    into("layer", holder.layer);
    // Keras saves the kernel with the wrapper, too.
    const variables = layer === undefined ? [] : [null, ...kerasOrder(layer)];
    const name = config === null ? givenName(layer) : nameOf(own, layer);
    parts.push({ path, layer, name, variables });
  } else if (isObject(own.layer) || typeof holder.layer?.getClassName === "function") {
    into("layer", holder.layer);
  } else if (isRecurrent(className, holder)) {
    visitCell(holder.cell, join(path, "cell"), parts);
  } else {
    parts.push({ path, layer, name: config === null ? givenName(layer) : nameOf(own, layer) });
  }
}

const nameOf = ({ name }: Json, layer: Layer | undefined) =>
  typeof name === "string" ? name : layer?.name ?? null;

/** Visits a cell: it is identified by the order of the cells, not by its name. */
function visitCell(cell: Layer | undefined, path: string, parts: Part[]): void {
  const { cells } = (cell ?? {}) as unknown as Holder;
  if (cells === undefined) return void parts.push({ path, layer: cell, name: null });
  const name = groupNames();
  for (const one of cells) {
    visitCell(one, join(join(path, "cells"), name(one.getClassName())), parts);
  }
}

const isRecurrent = (className: string, { cell }: Holder) =>
  cell !== undefined || ["ConvLSTM2D", "GRU", "LSTM", "RNN", "SimpleRNN"].includes(className);

/** Returns the name of a layer, unless TensorFlow.js generated it. */
const givenName = (layer: Layer | undefined) =>
  layer === undefined || automaticName(layer) !== null ? null : layer.name;

function itemOf(config: unknown, layer: Layer | undefined): Item {
  const given = isObject(config) ? config : null;
  const className = given?.class_name ?? layer?.getClassName() ?? "";
  return { className: String(className), layer, config: given };
}

/**
 * Returns the groups of a container's layers. Keras counts an inner model by its own class, which
 * the model here may not know: it then gets the one group that no other layer has.
 */
function groupsOf(children: readonly Item[], folder: Hdf5Group | undefined): string[] {
  const number = groupNames();
  const names = children.map(({ className }) => number(className));
  const left = [...folder?.children.keys() ?? []].filter((name) => !names.includes(name));
  const missing = children.flatMap(({ className, config }, i) =>
    config === null && MODEL_CLASSES.includes(className) && !folder?.children.has(names[i])
      ? [i]
      : []
  );
  if (left.length === 1 && missing.length === 1) names[missing[0]] = left[0];
  return names;
}

/** Returns the layers of a model in Keras's order: that of its configuration, if it is given. */
function childrenOf(config: Json | null, holder: Holder): Item[] {
  const layers = holder.layers ?? [];
  if (config === null) return layers.map((layer) => itemOf(null, layer));
  const byName = new Map(layers.map((layer) => [layer.name, layer]));
  return (Array.isArray(config.layers) ? config.layers : []).map((one) => {
    const { name } = Object(Object(one).config) as Json;
    return itemOf(one, byName.get(name as string));
  });
}

/**
 * Returns a path, with an underscore before its last part if that attribute is private in Keras.
 */
function pathIn(root: Hdf5Group, path: string): string {
  const hidden = path.replace(/[^/]+$/, "_$&");
  return find(root, path) === undefined && find(root, hidden) !== undefined ? hidden : path;
}

/** Returns the group at a path. */
function find(root: Hdf5Group, path: string): Hdf5Group | undefined {
  let at: Hdf5Group | Hdf5Array | undefined = root;
  for (const step of path.split("/")) {
    at = at?.kind === "group" ? at.children.get(step) : undefined;
  }
  return at?.kind === "group" ? at : undefined;
}

/** Returns the fix for a registered class whose weights Keras saved with its inner layers. */
function fixOnInner(layer: Hdf5Group): string {
  const inner = [...layer.children.keys()].filter((name) => find(layer, `${name}/vars`));
  if (inner.length === 0) return "";
  return `. Keras saved weights of its inner layers ${
    inner.map(showValue).join(", ")
  }: the class ` +
    `needs them in \`innerLayers\`, by these names, and registerLayer with the kind "container"`;
}

function pairPart({ path, layer, variables: own }: Part, root: Hdf5Group, claimed: Set<Hdf5Array>) {
  const group = find(root, join(path, "vars"));
  const arrays = [...group?.children.values() ?? []].filter((one) => one.kind === "array");
  for (const array of arrays) claimed.add(array);
  if (layer === undefined) {
    claimAll(find(root, path), claimed);
    return [];
  }
  const variables = own ?? kerasOrder(layer);
  const shown = showValue(join(path, "vars"));
  if (arrays.length !== variables.length) {
    throw new ModelError({
      place: shown,
      verb: group === undefined ? "is" : "has",
      found: group === undefined ? "missing" : formatCount(arrays.length, "array"),
      expected: `the ${formatCount(variables.length, "weight")} of layer ${showValue(layer.name)}`,
      hint: group === undefined ? "" : fixOnInner(find(root, path)!),
    });
  }
  return variables.flatMap((variable, i) => {
    if (variable === null) return [];
    const array = group!.children.get(`${i}`);
    if (array?.kind !== "array") {
      throw new ModelError(
        refusal`${shown} has no array "${i}", expected weight ${
          showValue(variable.originalName)
        } there`,
      );
    }
    return requireShape({ variable, array, layer });
  });
}

/** Claims the weights of a layer that was not built, including its inner layers. */
function claimAll(group: Hdf5Group | undefined, claimed: Set<Hdf5Array>): void {
  for (const one of group?.children.values() ?? []) {
    if (one.kind === "array") claimed.add(one);
    else claimAll(one, claimed);
  }
}

/** Returns the name of the layer that a part of the file was saved from; older files lack it. */
const savedName = ({ path }: Part, root: Hdf5Group) =>
  find(root, join(path, "vars"))?.texts("name")?.[0] ?? null;

/** True if the file names the layer of a part, or the part needs no name: cells have none. */
const isNamed = (part: Part, root: Hdf5Group) =>
  part.layer === undefined || part.layer.weights.length === 0 || /\bcells?(\/|$)/.test(part.path) ||
  part.name !== null && savedName(part, root) === part.name;

/**
 * Returns true if a name is the one that Keras gives a layer of this class by default, ignoring its
 * number.
 */
const isAutomatic = (name: string, path: string) => {
  const own = path.slice(path.lastIndexOf("/") + 1).replace(/_\d+$/, "");
  return new RegExp(`^${own}(_\\d+)?$`).test(name);
};

/**
 * Compares the layer names in the file with the layers paired by order. With the configuration of
 * the same file they must be equal. Layers of another model may have been numbered differently, but
 * none may have the name that the file has for another.
 */
function requireNames(
  parts: readonly Part[],
  root: Hdf5Group,
  { isSameFile }: { isSameFile: boolean },
): void {
  const names = new Set(parts.map(({ name }) => name));
  for (const part of parts) {
    const { path, name, layer } = part;
    const saved = savedName(part, root);
    if (isNamed(part, root) || saved === null || name === null) continue;
    const mayDiffer = !isSameFile && isAutomatic(saved, path) && isAutomatic(name, path) &&
      !names.has(saved);
    if (mayDiffer) continue;
    throw new ModelError({
      place: showValue(join(path, "vars")),
      verb: "holds",
      found: `the weights of layer ${showValue(saved)}`,
      expected: `those of ${showValue(layer!.name)}, which comes there in the order of the layers`,
    });
  }
}

/** Returns Keras's name for a class in its files: `conv2d_transpose`. */
function snake(className: string): string {
  const bare = className.slice(className.indexOf(">") + 1);
  const own = Object.hasOwn(KERAS_LAYER_RECORDS, bare) ? KERAS_LAYER_RECORDS[bare] : null;
  return (own?.registeredAs ?? bare)
    .replaceAll(/\W+/g, "")
    .replaceAll(/(.)([A-Z][a-z]+)/g, "$1_$2")
    .replaceAll(/([a-z])([A-Z])/g, "$1_$2")
    .toLowerCase();
}

/** Returns a function that numbers names as Keras does: the second `dense` is `dense_1`. */
function groupNames(): (className: string) => string {
  const used = new Map<string, number>();
  return (className) => {
    const name = snake(className);
    const count = used.get(name) ?? 0;
    used.set(name, count + 1);
    return count === 0 ? name : `${name}_${count}`;
  };
}

/** Groups stored next to the weights that hold no weights. */
const STATE = /^(_?random_generator|seed_generator|_seed_generator)(_\d+)?$/;

/** A weight that no layer claims belongs to another network. */
function requireNoLeftovers(
  root: Hdf5Group,
  container: string,
  claimed: Set<Hdf5Array>,
): void {
  const start = root.children.get(container);
  const open: (Hdf5Group | Hdf5Array | undefined)[] = [start, root.children.get("vars")];
  for (const one of open) {
    if (one === undefined) continue;
    if (one.kind === "group") {
      for (const [name, child] of one.children) if (!STATE.test(name)) open.push(child);
    } else if (!claimed.has(one)) {
      throw new ModelError({
        place: `${showValue(one.path)} of shape [${one.shape.join(", ")}]`,
        found: "in the file, but no layer of the model takes it",
        expected: "only the weights of this model",
      });
    }
  }
}
