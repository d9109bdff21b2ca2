import { withOutputMasks } from "../engine/repairs/masks.ts";
import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { computesAsKeras } from "./kept_logits.ts";

const masks = new WeakMap<Tensor, Tensor>();

/** Returns the mask of an output, true where it counts; `null` if it has none or the model is not Keras's. */
export function maskOf(output: Tensor): Tensor | null {
  const known = masks.get(output);
  return known === undefined || known.isDisposed ? null : known;
}

/** Sets the mask of an output. */
export function setMask(output: Tensor, mask: Tensor): void {
  masks.set(output, mask);
}

/**
 * Runs a model, and keeps the masks of its outputs as long as its outputs: in the scope that is open. Keras leaves
 * masked rows out of losses and metrics; TensorFlow.js does not, so that only models of Keras have their masks kept.
 */
export function withMasks(tf: TensorFlow, model: LayersModel, run: () => Tensor[]): Tensor[] {
  if (!computesAsKeras(model)) return run();
  const kept = new Map<Tensor, Tensor>();
  const show = (output: Tensor, mask: Tensor) => {
    // The scope of the model's call would free it.
    if (!kept.has(output)) kept.set(output, tf.keep(mask.clone()));
  };
  try {
    const outputs = withOutputMasks(show, run);
    for (const output of outputs) {
      const own = kept.get(output);
      if (own !== undefined) setMask(output, own.clone());
    }
    return outputs;
  } finally {
    tf.dispose([...kept.values()]);
  }
}

/**
 * Reduces the rows of a loss or a metric to one number, over those alone that the mask of the output leaves.
 *
 * @param rows A number for each row of the output.
 * @param reduction How they are reduced.
 */
export function reduceRows(
  tf: TensorFlow,
  rows: Tensor,
  output: Tensor,
  reduction: "sum" | "mean" = "mean",
): Tensor {
  const mask = maskOf(output);
  // Keras has no rule for rows of another shape.
  if (mask === null || mask.shape.join() !== rows.shape.join()) {
    return reduction === "sum" ? tf.sum(rows) : tf.mean(rows);
  }
  const isCounted = tf.cast(mask, "bool");
  // A masked row may be NaN, and 0 times NaN is NaN.
  const sum = tf.sum(tf.where(isCounted, rows, tf.zerosLike(rows)));
  if (reduction === "sum") return sum;
  return tf.div(sum, tf.maximum(tf.sum(tf.cast(isCounted, "float32")), 1));
}
