import type { Layer, Tensor } from "../engine/tensorflow.ts";
import type { MeasureOptions } from "./measure_options.ts";

/** The statistics of a batch normalisation; TensorFlow.js declares them private. */
interface Statistics {
  movingMean: { read(): Tensor };
  movingVariance: { read(): Tensor };
}

/**
 * The batch normalisations that run on the statistics of the batch in a pass.
 *
 * @param layers The layers of the model.
 * @param examples How many the batch has.
 * @param mode What was asked for. Default: the batch for those that no training step has moved yet.
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

/** Whether the moving statistics are what they start as: in inference the layer normalises nothing. */
function isUnmoved(layer: Layer): boolean {
  const { movingMean, movingVariance } = layer as unknown as Statistics;
  return movingMean.read().dataSync().every((mean) => mean === 0) &&
    movingVariance.read().dataSync().every((variance) => variance === 1);
}
