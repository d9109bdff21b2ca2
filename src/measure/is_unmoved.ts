import type { Layer, Tensor } from "../engine/tensorflow.ts";

/** The statistics of a batch normalisation; TensorFlow.js declares them private. */
interface Statistics {
  movingMean: { read(): Tensor };
  movingVariance: { read(): Tensor };
}

/**
 * Whether the moving statistics of a batch normalisation are what they start as, 0 and 1: no training
 * step has moved them, and in inference the layer normalises nothing yet.
 */
export function isUnmoved(layer: Layer): boolean {
  const { movingMean, movingVariance } = layer as unknown as Statistics;
  return movingMean.read().dataSync().every((mean) => mean === 0) &&
    movingVariance.read().dataSync().every((variance) => variance === 1);
}
