import type { LayerMeasurements, WeightMeasurements } from "../measure/measurements.ts";
import { type Fans, fans } from "../theory/fans.ts";
import { initializerDeviation } from "../theory/initializer_deviation.ts";

/** A kernel by which a recurrent layer feeds its state back to itself. */
export interface RecurrentKernel {
  /** The row of the layer. */
  layer: LayerMeasurements;
  /** The kernel: the blocks of all gates side by side. */
  kernel: WeightMeasurements;
  /** The fans of all blocks together, which is how TensorFlow.js draws them. */
  fans: Fans;
  /** The standard deviation that an orthogonal one has: rows or columns of all blocks together of norm 1. */
  deviation: number;
  /** Whether the cell has gates, so that it remembers by other means than this kernel too. */
  gated: boolean;
}

/**
 * The recurrent kernels of SimpleRNN, GRU, LSTM and ConvLSTM2D layers, wrapped or not, in the order of the
 * layers.
 */
export function recurrentKernels(layers: LayerMeasurements[]): RecurrentKernel[] {
  return layers.flatMap((layer) =>
    layer.weights
      .filter(({ name, shape }) => /(^|\/)recurrent_kernel[^/]*$/.test(name) && shape.length >= 2)
      .map((kernel) => {
        const [units, columns] = kernel.shape.slice(-2);
        const own = fans(kernel.shape);
        // The window of a convolution belongs to the rows.
        const deviation = initializerDeviation("orthogonal", { ...own, fanOut: columns });
        return { layer, kernel, fans: own, deviation, gated: columns > units };
      })
  );
}
