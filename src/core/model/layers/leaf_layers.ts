import type { Layer, LayersModel } from "../../../engine/tensorflow.ts";
import {
  isEinsumLayout,
  type KernelLayout,
  type LayerKind,
} from "../../../ground/traits/layers.ts";
import { layerTraits } from "../../../ground/traits/layer_traits.ts";
import { automaticName, uniqueNames } from "../names.ts";
import { requireLayers } from "../require_model.ts";

/** Layer that computes something itself, and its place in the model. */
export interface LeafLayer {
  /** Names of the containers around it and its own, joined by `/`: `"encoder/dense_1"`. Unique. */
  path: string;
  /** The layer. */
  layer: Layer;
}

/**
 * Returns the layers of a model that compute something themselves, in the model's own (topological)
 * order.
 *
 * Descends into nested models and wrappers (`TimeDistributed`, `Bidirectional`), which are not
 * listed themselves. A recurrent layer is listed as one layer; its cell is `layer.cell`. A layer
 * that is used at several places is listed once. Input layers are left out: they only pass the
 * batch on, and a `tf.sequential()` lists none where the same `tf.model()` does. Layer classes are
 * recognised by their names and parts, never by `instanceof`: a model may come from another copy of
 * TensorFlow.js.
 *
 * A layer without a given name has one like `dense_Dense7`, which counts the layers of the process;
 * here it becomes `dense_1`, the first of its kind in its container, whatever was built before. A
 * name given by a program or a file stays as it is, and no generated name equals it.
 *
 * @param model A built model.
 * @returns One entry per layer.
 *
 * @example Layers of a nested model
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { leafLayers } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * const { tf } = await startEngine();
 * const encoder = tf.sequential({
 *   name: "encoder",
 *   layers: [tf.layers.dense({ name: "hidden", units: 3, inputShape: [4] })],
 * });
 * const model = tf.sequential({ layers: [encoder, tf.layers.dense({ name: "head", units: 1 })] });
 * assertEquals(leafLayers(model).map(({ path }) => path), ["encoder/hidden", "head"]);
 * model.dispose();
 * ```
 */
export function leafLayers(model: LayersModel): LeafLayer[] {
  requireLayers(model);
  const found: { path: string; given: boolean; layer: Layer }[] = [];
  const seen = new Set<Layer>();
  const visit = (
    container: Layer,
    layers: Layer[],
    { prefix, given }: { prefix: string; given: boolean },
  ) => {
    const label = labels(container, layers);
    for (const layer of layers) {
      if (seen.has(layer) || layer.getClassName() === "InputLayer") continue;
      seen.add(layer);
      const own = label(layer);
      const path = prefix + own.name;
      const inner = innerLayers(layer);
      if (inner === null) found.push({ path, given: given && own.given, layer });
      else visit(layer, inner, { prefix: `${path}/`, given: given && own.given });
    }
  };
  visit(model, model.layers, { prefix: "", given: true });
  // Two paths can be equal if a name contains the separator.
  const paths = uniqueNames(found.map(({ path }) => path), (i) => found[i].given);
  return found.map(({ layer }, i) => ({ path: paths[i], layer }));
}

/**
 * Returns names for sibling layers that depend only on these layers, and whether they were given.
 */
function labels(
  container: Layer,
  siblings: Layer[],
): (layer: Layer) => { name: string; given: boolean } {
  const stems = new Map(siblings.map((layer) => [layer, automaticName(layer, container)]));
  const taken = new Set<string>();
  for (const [layer, stem] of stems) if (stem === null) taken.add(layer.name);
  const last = new Map<string, number>();
  return (layer) => {
    const stem = stems.get(layer) ?? null;
    if (stem === null) return { name: layer.name, given: true };
    let n = last.get(stem) ?? 0;
    do n++; while (taken.has(`${stem}_${n}`));
    last.set(stem, n);
    return { name: `${stem}_${n}`, given: false };
  };
}

/**
 * Returns the layers inside a layer: those of a nested model, or the ones that a wrapper applies.
 *
 * @returns The layers inside, or `null` if the layer computes something itself.
 */
export function innerLayers(layer: Layer): Layer[] | null {
  const parts = layer as unknown as {
    layers?: Layer[];
    inputLayers?: Layer[];
    layer?: Layer;
    forwardLayer?: Layer;
    backwardLayer?: Layer;
    innerLayers?: Record<string, Layer>;
  };
  // A custom layer may also have a list of layers, but only a model has input layers.
  if (Array.isArray(parts.layers) && Array.isArray(parts.inputLayers)) return parts.layers;
  if (isComposite(layer)) return Object.values(parts.innerLayers!);
  if (layer.getClassName() === "Bidirectional") return [parts.forwardLayer!, parts.backwardLayer!];
  if (typeof parts.layer?.getClassName !== "function") return null;
  if (layer.getClassName() === "SpectralNormalization") return [parts.layer];
  // A custom wrapper with weights besides those of the wrapped layer computes something itself.
  const wrapped = new Set(parts.layer.weights);
  return layer.weights.every((weight) => wrapped.has(weight)) ? [parts.layer] : null;
}

/** Returns true if a layer consists of named layers, as the attentions of Keras do. */
export function isComposite(layer: Layer): layer is Layer & { innerLayers: Record<string, Layer> } {
  const { innerLayers } = layer as { innerLayers?: Record<string, Layer> };
  return layerTraits(layer.getClassName()).kind === "container" &&
    typeof innerLayers === "object" && Object.values(innerLayers).length > 0;
}

/**
 * Returns the layers of a model that compute nothing themselves but call others: nested models and
 * wrappers, at any depth, without the model itself.
 *
 * @returns Each container once.
 */
export function containerLayers(model: LayersModel): Layer[] {
  const found = new Set<Layer>();
  const visit = (layers: Layer[]) => {
    for (const layer of layers) {
      const inner = innerLayers(layer);
      if (inner === null || found.has(layer)) continue;
      found.add(layer);
      visit(inner);
    }
  };
  visit(model.layers);
  return [...found];
}

type SymbolicTensor = LayersModel["inputs"][number];

/** Layers that pass on their input's entries: some of them, or in another shape, order or place. */
const PASSING: readonly LayerKind[] = ["passesOn", "selects", "resamples", "concatenation"];

/** Layers that scale their input. */
const SCALING: readonly LayerKind[] = ["normalization", "rescaling"];

/**
 * Finds, for each input of a model, the layers at its front that scale it before any other
 * computation: `Rescaling` or a normalisation. Looks through layers that only reshape, through
 * augmentation, and into nested models.
 *
 * @param isPart Returns true if a layer without inner layers is part of the model: the layers it is
 * made of may be part of others as well.
 * @param which Layer to return of several in a row.
 * @returns The layers; `null` for an input that another layer reads first, or none.
 */
export function frontLayers(
  model: LayersModel,
  isPart: (layer: Layer) => boolean,
  which: "first" | "last" = "last",
): (Layer[] | null)[] {
  return model.inputs.map((input) => {
    const ends = endsOf(input, { isPart, which, seen: new Set() });
    return ends.length > 0 && ends.every((end) => end !== null) ? [...new Set(ends)] : null;
  });
}

interface Walk {
  isPart: (layer: Layer) => boolean;
  which: "first" | "last";
  seen: Set<SymbolicTensor>;
}

/** Returns the layers that scale a tensor, with `null` for each layer that uses it as it is. */
function endsOf(tensor: SymbolicTensor, walk: Walk): (Layer | null)[] {
  const { isPart, which, seen } = walk;
  if (seen.has(tensor)) return [];
  seen.add(tensor);
  const follow = (tensors: SymbolicTensor[]) => tensors.flatMap((next) => endsOf(next, walk));
  return tensor.sourceLayer.outboundNodes.flatMap((node) => {
    const position = node.inputTensors.indexOf(tensor);
    if (position === -1) return [];
    const layer = node.outboundLayer;
    const { inputs } = layer as unknown as { inputs?: SymbolicTensor[] };
    if (Array.isArray(inputs)) {
      const inside = follow([inputs[position]]);
      // A nested model that only passes its input on, as augmentation does.
      return inside.length > 0 ? inside : follow(node.outputTensors);
    }
    const [own = layer, ...others] = innerLayers(layer) ?? [];
    if (!isPart(own)) return [];
    const kind = others.length === 0 ? layerTraits(own.getClassName()).kind : "container";
    if (PASSING.includes(kind)) return follow(node.outputTensors);
    if (!SCALING.includes(kind)) return [null];
    if (which === "first") return [own];
    const next = follow(node.outputTensors);
    return next.length > 0 && next.every((end) => end !== null) ? next : [own];
  });
}

/** Layers that only pass on entries of their input. */
const WITHIN: readonly LayerKind[] = ["passesOn", "selects", "resamples"];

type HeadOfSymbolicTensor = LayersModel["outputs"][number];

/**
 * Returns the name of the activation at the end of an output, or the class of its layer if it has
 * none. Looks through layers that only reshape, nested models, and `TimeDistributed`.
 */
export function headOf(output: HeadOfSymbolicTensor): string {
  const { sourceLayer, nodeIndex, tensorIndex } = output;
  const { outputs } = sourceLayer as unknown as { outputs?: HeadOfSymbolicTensor[] };
  if (Array.isArray(outputs)) return headOf(outputs[tensorIndex]);
  if (WITHIN.includes(layerTraits(sourceLayer.getClassName()).kind)) {
    const [before] = sourceLayer.inboundNodes[nodeIndex].inputTensors;
    // In TensorFlow.js, an input layer has its output as its input.
    if (before !== output) return headOf(before);
  }
  return activationOf(sourceLayer);
}

function activationOf(layer: Layer): string {
  const { activation, layer: inner } = layer as unknown as {
    activation?: { getClassName?(): string };
    layer?: Layer;
  };
  const className = layer.getClassName();
  if (className === "TimeDistributed" && inner !== undefined) return activationOf(inner);
  return activation?.getClassName?.() ?? layerTraits(className).activation ?? className;
}

/**
 * Returns the memory layout of a layer's kernel, or `null` if it has none that initialisers draw by
 * its fans. The layout in an EinsumDense follows from its equation.
 */
export function kernelLayoutOf(layer: Layer): KernelLayout | null {
  const { kernel } = layerTraits(layer.getClassName());
  if (kernel !== "einsum") return kernel;
  const { kernelLayout } = layer as { kernelLayout?: unknown };
  return isEinsumLayout(kernelLayout) ? kernelLayout : null;
}
