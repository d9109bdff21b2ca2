import type { Layer, Tensor } from "../engine/tensorflow.ts";
import type { MeasureOptions } from "./measure_options.ts";

/** Statistics of a batch normalisation; TensorFlow.js declares them private. */
interface Statistics {
  movingMean: { read(): Tensor };
  movingVariance: { read(): Tensor };
}

/**
 * Returns the batch normalisations that run on the statistics of the batch in a pass.
 *
 * @param layers Layers of the model.
 * @param examples Number of examples in the batch.
 * @param mode Mode that was requested. Default: the batch for layers that no training step has
 * changed yet.
 */
export function normalizedOnBatch(
  layers: readonly Layer[],
  examples: number,
  mode: MeasureOptions["batchNormalization"],
): Set<Layer> {
  // One example has no spread to divide by.
  if (mode === "inference" || mode === undefined && examples < 2) return new Set();
  const normalizations = layers.filter((layer) => layer.getClassName() === "BatchNormalization");
  return new Set(mode === "training" ? normalizations : normalizations.filter(isUnmoved));
}

/**
 * Returns true if the moving statistics are still the initial ones: in inference the layer
 * normalises nothing.
 */
function isUnmoved(layer: Layer): boolean {
  const { movingMean, movingVariance } = layer as unknown as Statistics;
  return movingMean.read().dataSync().every((mean) => mean === 0) &&
    movingVariance.read().dataSync().every((variance) => variance === 1);
}
