import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { containerLayers } from "../model/inner_layers.ts";
import { leafLayers } from "../model/leaf_layers.ts";
import { sizeOf } from "../model/shapes.ts";
import { layerTraits } from "../traits/layer_traits.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import { type LayerUse, layerUses, type Shape } from "./layer_uses.ts";

/**
 * Estimates the floating-point operations of one forward and one backward pass.
 *
 * A kernel is multiplied into its input once for every example and every position (pixel, time
 * step) of the layer's output, except for an embedding, which is looked up. The two products of the
 * backward pass (gradients of the weight and of the input) cost the same again each. A
 * multiplication and an addition count as two. Everything else is left out as small in comparison.
 *
 * @param model A built model.
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
 * @param model A built model.
 * @param inputs Shapes of the batch's inputs.
 */
export function layerWorkloads(
  model: LayersModel,
  inputs: readonly Shape[],
): Map<Layer, number> {
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
  const isRecurrent = "cell" in layer;
  const isTransposed = layerTraits(layer.getClassName()).kernel === "transposed";
  const shape = isRecurrent || isTransposed ? input : output;
  const { dataFormat } = layer as unknown as { dataFormat?: string };
  const channels = dataFormat === "channelsFirst" ? 1 : shape.length - 1;
  return sizeOf(shape.filter((_, axis) => axis !== channels));
}
