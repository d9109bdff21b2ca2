import type { Layer } from "../../engine/tensorflow.ts";
import { innerLayers } from "../inner_layers.ts";
import type { LayerVariable } from "../model_weights.ts";

/** Weights of Keras's layers in the order in which each layer makes them. */
const ORDER = [
  ...["depthwise_kernel", "pointwise_kernel", "kernel", "recurrent_kernel", "bias"],
  ...["gamma", "beta", "moving_mean", "moving_variance", "embeddings", "alpha"],
];

/** Returns the last part of a weight's path: `kernel` of `dense_1/kernel`. */
export const ownName = (path: string): string =>
  path.slice(path.lastIndexOf("/") + 1).replace(/:\d+$/, "");

/**
 * Returns the weights of a layer in the order in which Keras saves them, trained or frozen. For a
 * wrapper, the weights of its inner layer are left out.
 *
 * @param layer A layer, or the cell of a recurrent one.
 */
export function kerasOrder(layer: Layer): LayerVariable[] {
  const inner = innerLayers(layer);
  if (inner !== null) {
    const theirs = new Set(inner.flatMap(({ weights }) => weights));
    return layer.weights.filter((weight) => !theirs.has(weight));
  }
  const rank = ({ originalName }: LayerVariable) => ORDER.indexOf(ownName(originalName));
  // A custom layer has weights with other names, in the order in which it makes them.
  const isKnown = layer.weights.every((weight) => rank(weight) !== -1);
  return isKnown ? layer.weights.toSorted((a, b) => rank(a) - rank(b)) : [...layer.weights];
}
