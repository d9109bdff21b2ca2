import { containerLayers, leafLayers } from "../model/layers/leaf_layers.ts";
import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { batchShapes, sizeOf } from "../model/layers/shapes.ts";
import { layerTraits } from "../traits/layer_traits.ts";
import { formatMemory } from "../words/numbers.ts";
import { layerWorkloads } from "./estimate_memory.ts";
import { layerUses, type Shape } from "./layer_uses.ts";
import { estimatePass, requireOneFits } from "./plan_memory.ts";

/**
 * Largest estimate of the bytes that a pass over one example of an untrusted model file may take,
 * besides the weights in the file: half the WASM heap. In VGG16, the weights take 0.5 GiB and the
 * gradient of the largest 0.4 GiB.
 */
const MAX_MEMORY = 2 ** 31;

/**
 * Largest number of operations of a pass over a batch of such a file. The largest network of
 * keras.applications, EfficientNetB7, takes 7e12 for 32 pictures; two threads of a server compute
 * 1e13 in about five minutes.
 */
const MAX_WORK = 1e13;

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

/**
 * Rejects a model of an untrusted file whose pass over one example takes more memory than allowed.
 *
 * @param model A built model, its weights not drawn or read yet.
 * @param undefinedSize Size of the axes that the model leaves open.
 * @param entries Number of weights in the file.
 * @throws {RangeError} If it takes more.
 */
export function requireModest(model: LayersModel, undefinedSize: number, entries: number): void {
  requireOneFits(model, undefinedSize);
  const layers = leafLayers(model).map(({ layer }) => layer);
  const examples = model.inputs[0].shape[0] ?? 1;
  const inputs = batchShapes(model, { examples, undefinedSize });
  const containers = containerLayers(model);
  const bytes = estimatePass({ model, layers, containers, inputs }, examples);
  // Weights, and the gradient of the largest.
  if (bytes - 2 * 4 * entries <= MAX_MEMORY) return;
  throw new RangeError(
    `A pass of model ${model.name} over ${
      examples === 1 ? "one example" : `${examples} examples`
    } would take some ${formatMemory(bytes)}, expected at most ${
      formatMemory(MAX_MEMORY)
    } of a file that is not trusted: use --trust if it is`,
  );
}

/**
 * Rejects a model of an untrusted file whose pass takes more work than allowed.
 *
 * @param model A built model.
 * @param inputs Shapes of the batch's inputs.
 * @throws {RangeError} If it takes more.
 */
export function requireAffordable(model: LayersModel, inputs: readonly Shape[]): void {
  const [layer, work] = costliest(model, inputs);
  if (work <= MAX_WORK) return;
  throw new RangeError(
    `A pass of model ${model.name} over a batch of ${inputs[0][0]} would take some ${
      work.toExponential(0)
    } operations, most of them in ${layer}, expected at most ${
      MAX_WORK.toExponential(0)
    } of a file that is not trusted: use fewer examples, or --trust if it is`,
  );
}

/** Returns the layer with the most work, and the work of all. */
function costliest(model: LayersModel, inputs: readonly Shape[]): [layer: string, work: number] {
  const work = new Map<Layer, number>();
  const add = (layer: Layer, more: number) => work.set(layer, (work.get(layer) ?? 0) + more);
  for (const [layer, operations] of layerWorkloads(model, inputs)) {
    add(layer, operations * slownessOf(layer));
  }
  const leaves = leafLayers(model).map(({ layer }) => layer);
  for (const { layer, output, times } of layerUses(model, leaves, containerLayers(model), inputs)) {
    const { poolSize } = layer as unknown as { poolSize?: number[] };
    if (!Array.isArray(poolSize)) continue;
    add(layer, POOLED * times * sizeOf(output) * sizeOf(poolSize));
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

/** Returns the time of an operation relative to one in a wide convolution or product. */
function slownessOf(layer: Layer): number {
  const { filters } = layer as unknown as { filters?: number };
  if (layerTraits(layer.getClassName()).kernel === "depthwise") return DEPTHWISE;
  return Math.max(1, FEW_FILTERS / (filters ?? FEW_FILTERS));
}
