import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import type { TensorStatistics } from "../measure/tensor_statistics.ts";
import { isShift } from "../theory/weight_kinds.ts";

const RECURRENT = /^(LSTM|GRU|SimpleRNN|RNN|ConvLSTM2D|Bidirectional)/;

/**
 * Whether a network has been trained, as far as one pass can tell: a hidden layer's biases (or a
 * normalisation's beta) are neither zero nor constant. Initialisers make them constant; training
 * moves each by itself. The head is left out, for it may start at the prior of the targets, and the
 * forget gate of a recurrent layer may start at 1.
 */
export function looksTrained({ layers }: Measurements): boolean {
  return layers
    .filter(({ role }) => role === "hidden")
    .some((layer) =>
      layer.weights
        .filter(isShift)
        .some(({ values }) => values.std > 1e-6 * values.maxAbs && !startsToForget(layer, values))
    );
}

/** Whether a quarter of the biases is 1 and the others are equal, by what deviation goes with their mean. */
function startsToForget(
  { className }: LayerMeasurements,
  { mean, std, maxAbs }: TensorStatistics,
): boolean {
  return RECURRENT.test(className) && maxAbs >= 1 &&
    Math.abs(std * Math.sqrt(3) - Math.abs(1 - mean)) <= 1e-5;
}
