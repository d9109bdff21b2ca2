import type { Measurements } from "../measure/measurements.ts";

const RECURRENT = /^(LSTM|GRU|SimpleRNN|RNN|ConvLSTM2D|Bidirectional)/;

/**
 * Whether a network has been trained, as far as one pass can tell: a hidden layer's biases (or a
 * normalisation's beta) are neither zero nor constant. Initialisers make them constant; training
 * moves each by itself. The head is left out, for it may start at the prior of the targets, and so
 * are recurrent layers, whose forget gate may start at 1.
 */
export function looksTrained({ layers }: Measurements): boolean {
  return layers
    .filter(({ role, className }) => role === "hidden" && !RECURRENT.test(className))
    .flatMap(({ weights }) => weights)
    .filter(({ name, shape }) => shape.length === 1 && /(^|\/)(bias|beta)[^/]*$/.test(name))
    .some(({ values }) => values.std > 1e-6 * values.maxAbs);
}
