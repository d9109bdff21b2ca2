import { einsumTerms } from "../engine/ops/einsum.ts";
import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { containerLayers, leafLayers } from "../model/layers/leaf_layers.ts";
import { sizeOf } from "../model/layers/shapes.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import { layerTraits } from "../traits/layer_traits.ts";
import { keptEntries, passingEntries } from "./kept_entries.ts";
import { type LayerUse, layerUses, type Shape } from "./layer_uses.ts";

const FLOAT = 4;

/** Factor over the kept tensors: ops work on copies, and the allocator leaves gaps. */
const SLACK = 1.15;

/**
 * Estimates the peak memory of a pass on the WASM heap: the weights, the gradient of the largest,
 * and the outputs that the layers keep for the backward pass. That pass starts with all of these
 * and frees them as it proceeds; the current layer also needs the gradients of its output and its
 * input.
 *
 * @param layers Layers of a built model that compute something themselves.
 * @returns Bytes; `bench/memory_estimate.ts` compares it with the real peak of networks of every
 * kind. Custom layers may take several times as much.
 */
export function estimateMemory(layers: readonly Layer[], uses: readonly LayerUse[]): number {
  let weights = 0, largest = 0, kept = 0, most = 0;
  for (const { shape } of layers.flatMap((layer) => layer.weights)) {
    const size = sizeOf(shape as number[]);
    weights += size;
    largest = Math.max(largest, size);
  }
  for (const use of uses) {
    const own = SLACK * keptEntries(use);
    // The gradients of a view are views, too.
    if (own === 0) continue;
    kept += own;
    most = Math.max(most, kept + passingEntries(use));
  }
  return FLOAT * (weights + largest + most);
}

/**
 * Estimates the least that a pass needs on the heap if tensors that are not needed soon are moved
 * off it: the weights, the gradient of the largest, and the tensors that the most demanding layer
 * reads and writes in the backward pass.
 *
 * @param layers Layers of a built model that compute something themselves.
 * @returns Bytes.
 */
export function estimateLeast(layers: readonly Layer[], uses: readonly LayerUse[]): number {
  // Input, output, and the gradients of both.
  const own = uses.map(({ input, output }) => 2 * FLOAT * (sizeOf(input) + sizeOf(output)));
  return estimateMemory(layers, []) + own.reduce((most, bytes) => Math.max(most, bytes), 0);
}

/**
 * Estimates the floating-point operations of one forward and one backward pass.
 *
 * A kernel is multiplied into its input once for every example and every position (pixel, time
 * step) of the layer's output, except for an embedding, which is looked up. The two products of the
 * backward pass (gradients of the weight and of the input) cost the same again each. A
 * multiplication and an addition count as two. Everything else is left out as small in comparison.
 *
 * @param inputs Shapes of the batch's inputs.
 * @returns The number of operations; 0 for a model without such weights.
 */
export function estimateWorkload(model: LayersModel, inputs: readonly Shape[]): number {
  return layerWorkloads(model, inputs).values().reduce((sum, operations) => sum + operations, 0);
}

/**
 * Counts the operations of one forward and one backward pass by layer, as
 * {@linkcode estimateWorkload} does.
 *
 * @param inputs Shapes of the batch's inputs.
 */
export function layerWorkloads(model: LayersModel, inputs: readonly Shape[]): Map<Layer, number> {
  const leaves = leafLayers(model).map(({ layer }) => layer);
  const operations = new Map<Layer, number>();
  for (const use of layerUses(model, leaves, containerLayers(model), inputs)) {
    const { layer, times } = use;
    if (layerTraits(layer.getClassName()).kind === "embedding") continue;
    const entries = layer.weights
      .filter(({ originalName, shape }) => isKernel({ name: originalName, shape }))
      .reduce((sum, { shape }) => sum + sizeOf(shape as Shape), 0);
    const own = 2 * 3 * times * positionsOf(use) * entries;
    operations.set(layer, (operations.get(layer) ?? 0) + own);
  }
  return operations;
}

/**
 * Returns the number of positions at which the weights are multiplied: all axes except channels.
 */
function positionsOf({ layer, input, output }: LayerUse): number {
  const { equation } = layer as unknown as { equation?: unknown };
  const hasEinsum = layerTraits(layer.getClassName()).kernel === "einsum";
  if (hasEinsum && typeof equation === "string") {
    // Several axes of the output can be channels, as the heads of an attention are.
    const kernel = layer.weights[0].shape as number[];
    const { sizes } = einsumTerms(equation, [[...input], kernel]);
    return sizeOf([...sizes.values()]) / sizeOf(kernel);
  }
  const isRecurrent = "cell" in layer;
  const isTransposed = layerTraits(layer.getClassName()).kernel === "transposed";
  const shape = isRecurrent || isTransposed ? input : output;
  const { dataFormat } = layer as unknown as { dataFormat?: string };
  const channels = dataFormat === "channelsFirst" ? 1 : shape.length - 1;
  return sizeOf(shape.filter((_, axis) => axis !== channels));
}
