import type { Layer, LayersModel } from "../engine/tensorflow.ts";
import { leafLayers } from "./leaf_layers.ts";

/**
 * Estimates the floating-point operations of one forward and one backward pass.
 *
 * A weight of rank 2 or more is multiplied into its input once for every example and every position
 * (pixel, time step) of the layer's output; the two products of the backward pass (gradients of the
 * weight and of the input) cost the same again each, and a multiplication and an addition count as
 * two. Everything else is left out: it is small beside these where they matter.
 *
 * @param model A built model.
 * @param examples Examples in the batch.
 * @returns The number of operations; 0 for a model without such weights.
 */
export function estimateWorkload(model: LayersModel, examples: number): number {
  let products = 0;
  for (const { layer } of leafLayers(model)) {
    const positions = positionsOf(layer);
    for (const weight of layer.weights) {
      const shape = weight.shape.map((size) => size ?? 1);
      if (shape.length >= 2) products += positions * shape.reduce((a, b) => a * b, 1);
    }
  }
  return 2 * 3 * examples * products;
}

/** Positions of a layer's output: every axis but those of examples and of channels. */
function positionsOf(layer: Layer): number {
  const isRecurrent = "cell" in layer;
  const shape = shapeOf(layer, isRecurrent ? "input" : "output");
  const channelsFirst =
    (layer as unknown as { dataFormat?: string }).dataFormat === "channelsFirst";
  const axes = channelsFirst ? shape.slice(2) : shape.slice(1, -1);
  return axes.reduce<number>((product, size) => product * (size ?? 1), 1);
}

/** A layer's shape; none for one that is used at several places, for which there is no one shape. */
function shapeOf(layer: Layer, side: "input" | "output"): (number | null)[] {
  try {
    const { shape } = [layer[side]].flat()[0];
    return shape;
  } catch {
    return [];
  }
}
