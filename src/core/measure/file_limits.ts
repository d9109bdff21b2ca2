import { InputError } from "../../ground/words/input_error.ts";
import { containerLayers, leafLayers } from "../model/layers/leaf_layers.ts";
import type { Layer, LayersModel } from "../../engine/tensorflow.ts";
import { batchShapes, sizeOf } from "../model/layers/shapes.ts";
import { layerTraits } from "../../ground/traits/layer_traits.ts";
import { formatMemory } from "../../ground/words/numbers.ts";
import { layerWorkloads } from "./estimate_memory.ts";
import { type LayerUse, layerUses, type Shape } from "./layer_uses.ts";
import { estimatePass, requireOneFits } from "./plan_memory.ts";

/**
 * Largest number of layers of an untrusted model file. The largest network of keras.applications,
 * NASNetLarge, has 1,041. All rules take 0.8 s of CPU for a chain of 3,000, and 4 s if half of its
 * layers are parallel branches that pass no gradient on: each finding then names all layers below.
 */
const MAX_LAYERS = 3000;

/**
 * Largest estimate of the bytes that a pass over one example of such a file may take, besides the
 * weights in the file: half the WASM heap. In VGG16, the weights take 0.5 GiB and the gradient of
 * the largest 0.4 GiB.
 */
const MAX_MEMORY = 2 ** 31;

/**
 * Bytes of such a pass that every file may take, and more for each byte of the model's weights: a
 * network of few weights that works on large tensors is a bomb. The branches of MobileOne-S0, 19 MB of
 * weights, take 0.75 GiB for an example.
 */
const FREE_MEMORY = 384 * 2 ** 20, PER_WEIGHT_BYTE = 25;

/**
 * Largest number of operations of a pass over a batch of such a file. A transformer of 12 layers of
 * 768 units takes 1.0e13 for 32 texts of 512 tokens; two threads of a server compute 2e13 in about
 * ten minutes.
 */
const MAX_WORK = 2e13;

/**
 * A convolution with fewer filters takes as long as with 16: a product with one column uses one
 * lane.
 */
const FEW_FILTERS = 16;

/** Operations of a wide convolution in the time of one of a depthwise convolution. */
const DEPTHWISE = 4;

/**
 * Operations of a wide convolution in the time of one entry of a pooling window (2-core Xeon, two
 * threads).
 */
const POOLED = 100;

/** The same for an entry of any layer's output: memory is written and read forward and backward. */
const PER_ENTRY = 100;

const UNTRUSTED = "of a file that is not trusted: use --trust if it is";

/** Layers that multiply two inputs, along the last axis of the first. */
const PRODUCTS = ["AttentionContext", "AttentionScores", "AttentionSimilarity", "Dot"];

/**
 * Rejects a model of an untrusted file that has more layers than allowed, or whose pass over one
 * example takes more memory.
 *
 * @param model A built model, its weights not drawn or read yet.
 * @param undefinedSize Size of the axes that the model does not fix.
 * @param entries Number of weights in the file.
 */
export function requireModest(model: LayersModel, undefinedSize: number, entries: number): void {
  const layers = leafLayers(model).map(({ layer }) => layer);
  if (layers.length > MAX_LAYERS) {
    throw new InputError({
      place: `Model ${model.name}`,
      verb: "has",
      found: `${layers.length} layers`,
      expected: `at most ${MAX_LAYERS} ${UNTRUSTED}`,
    });
  }
  requireOneFits(model, undefinedSize);
  const examples = model.inputs[0].shape[0] ?? 1;
  const inputs = batchShapes(model, { examples, undefinedSize });
  const containers = containerLayers(model);
  const bytes = estimatePass({ model, layers, containers, inputs }, examples);
  // A graph of PyTorch gets its weights after this check; its batch may be fixed to many examples.
  const weights = Math.max(weightsOf(layers), entries);
  const allowed = examples * Math.min(MAX_MEMORY, FREE_MEMORY + PER_WEIGHT_BYTE * 4 * weights);
  // Weights, and the gradient of the largest.
  if (bytes - 2 * 4 * entries <= allowed) return;
  throw new InputError({
    place: `A pass of model ${model.name} over ${
      examples === 1 ? "one example" : `${examples} examples`
    }`,
    verb: "would take about",
    found: formatMemory(bytes),
    expected: `at most ${formatMemory(allowed)} ${UNTRUSTED}`,
  });
}

function weightsOf(layers: readonly Layer[]): number {
  return layers.flatMap(({ weights }) => weights)
    .reduce((sum, { shape }) => sum + sizeOf(shape as Shape), 0);
}

/**
 * Rejects a model of an untrusted file whose pass takes more work than allowed.
 *
 * @param inputs Shapes of the batch's inputs.
 */
export function requireAffordable(model: LayersModel, inputs: readonly Shape[]): void {
  const [layer, work] = costliest(model, inputs);
  if (work <= MAX_WORK) return;
  throw new InputError({
    place: `A pass of model ${model.name} over a batch of ${inputs[0][0]}`,
    verb: "would take about",
    found: `${work.toExponential(0)} operations, most of them in ${layer}`,
    expected: `at most ${MAX_WORK.toExponential(0)} of a file that is not trusted`,
    hint: ": use fewer examples, or --trust if it is",
  });
}

function costliest(model: LayersModel, inputs: readonly Shape[]): [layer: string, work: number] {
  const work = new Map<Layer, number>();
  const add = (layer: Layer, more: number) => work.set(layer, (work.get(layer) ?? 0) + more);
  for (const [layer, operations] of layerWorkloads(model, inputs)) {
    add(layer, operations * slownessOf(layer));
  }
  const leaves = leafLayers(model).map(({ layer }) => layer);
  for (const use of layerUses(model, leaves, containerLayers(model), inputs)) {
    add(use.layer, use.times * sizeOf(use.output) * operationsPerEntry(use));
  }
  let most = 0, all = 0, name = "";
  for (const [layer, own] of work) {
    all += own;
    if (own > most) {
      most = own;
      name = layer.name;
    }
  }
  return [name, all];
}

/** Returns the operations for an entry of a layer's output, besides those on its weights. */
function operationsPerEntry({ layer, input }: LayerUse): number {
  const { poolSize } = layer as unknown as { poolSize?: number[] };
  if (Array.isArray(poolSize)) return POOLED * sizeOf(poolSize);
  // A multiplication and an addition, forward and twice backward.
  if (PRODUCTS.includes(layer.getClassName())) return PER_ENTRY + 2 * 3 * input.at(-1)!;
  return PER_ENTRY;
}

/** Returns the time of an operation relative to one in a wide convolution or product. */
function slownessOf(layer: Layer): number {
  const { filters } = layer as unknown as { filters?: number };
  if (layerTraits(layer.getClassName()).kernel === "depthwise") return DEPTHWISE;
  return Math.max(1, FEW_FILTERS / (filters ?? FEW_FILTERS));
}
