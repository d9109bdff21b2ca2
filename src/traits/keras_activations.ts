import { type ActivationTraits, FLAT, traits } from "./activations.ts";
import { clipped, exponential, sigmoid, smooth, softplus } from "./curves.ts";

const ROOT_2 = Math.SQRT2;

/**
 * Value of z at which the derivative of squareplus, (1 + z / sqrt(z^2 + 4)) / 2, falls to the share
 * `FLAT`.
 */
const LOW_SQUAREPLUS = -2 * (1 - 2 * FLAT) / Math.sqrt(1 - (1 - 2 * FLAT) ** 2);

/**
 * Activations of Keras that TensorFlow.js lacks, by their names in camel case. `hardSigmoid6` is
 * the `hard_sigmoid` of Keras 3: under that name TensorFlow.js has the one of Keras 2. Parameters
 * have Keras's defaults.
 */
export const KERAS_ACTIVATIONS: Readonly<Record<string, ActivationTraits>> = {
  celu: traits({
    curve: exponential(1, 1),
    gain: 1,
    range: [-1, Infinity],
    flat: { bounded: false, oneSided: true, low: Math.log(FLAT), high: Infinity },
    memoryCopies: 1,
  }),
  // Its moments overflow float64 at a spread of 19: theory uses the measured ones.
  exponential: traits({ range: [0, Infinity], memoryCopies: 1 }),
  glu: traits({ memoryCopies: 3 }),
  hardShrink: traits({
    curve: {
      value: (z) => Math.abs(z) > 0.5 ? z : 0,
      derivative: (z) => Math.abs(z) > 0.5 ? 1 : 0,
      kinks: [-0.5, 0.5],
    },
    memoryCopies: 4,
  }),
  hardSigmoid6: traits({
    curve: clipped(-3, 3, 1 / 6, 0.5),
    range: [0, 1],
    flat: { bounded: true, oneSided: false, low: -3, high: 3 },
    memoryCopies: 4,
  }),
  hardSilu: traits({
    curve: {
      value: (z) => z * Math.min(Math.max(z + 3, 0), 6) / 6,
      derivative: (z) => {
        if (z <= -3) return 0;
        return z >= 3 ? 1 : (2 * z + 3) / 6;
      },
      kinks: [-3, 3],
    },
    gain: ROOT_2,
    range: [-0.375, Infinity],
    // Between the kinks its derivative passes 0 once, at -1.5; it is -0.5 right above -3.
    flat: { bounded: false, oneSided: true, low: -3, high: Infinity },
    memoryCopies: 5,
  }),
  hardTanh: traits({
    curve: clipped(-1, 1, 1, 0),
    gain: 1,
    range: [-1, 1],
    flat: { bounded: true, oneSided: false, low: -1, high: 1 },
    memoryCopies: 2,
  }),
  logSigmoid: traits({
    curve: smooth((z) => -softplus(-z), (z) => sigmoid(-z)),
    range: [-Infinity, 0],
    flat: { bounded: false, oneSided: true, low: -Infinity, high: Math.log((1 - FLAT) / FLAT) },
    memoryCopies: 2,
  }),
  softShrink: traits({
    curve: {
      value: (z) => z - Math.min(Math.max(z, -0.5), 0.5),
      derivative: (z) => Math.abs(z) > 0.5 ? 1 : 0,
      kinks: [-0.5, 0.5],
    },
    memoryCopies: 3,
  }),
  sparsemax: traits({ range: [0, Infinity], kinked: true, memoryCopies: 3.5 }),
  sparsePlus: traits({
    curve: {
      value: (z) => {
        if (z <= -1) return 0;
        return z >= 1 ? z : (z + 1) ** 2 / 4;
      },
      derivative: (z) => {
        if (z <= -1) return 0;
        return z >= 1 ? 1 : (z + 1) / 2;
      },
      kinks: [-1, 1],
    },
    gain: ROOT_2,
    range: [0, Infinity],
    flat: { bounded: false, oneSided: true, low: 2 * FLAT - 1, high: Infinity },
    memoryCopies: 8,
  }),
  sparseSigmoid: traits({
    curve: clipped(-1, 1, 0.5, 0.5),
    range: [0, 1],
    flat: { bounded: true, oneSided: false, low: -1, high: 1 },
    memoryCopies: 4,
  }),
  squareplus: traits({
    curve: smooth(
      (z) => (z + Math.sqrt(z * z + 4)) / 2,
      (z) => (1 + z / Math.sqrt(z * z + 4)) / 2,
    ),
    gain: ROOT_2,
    range: [0, Infinity],
    flat: { bounded: false, oneSided: true, low: LOW_SQUAREPLUS, high: Infinity },
    memoryCopies: 6,
  }),
  tanhShrink: traits({
    curve: smooth((z) => z - Math.tanh(z), (z) => Math.tanh(z) ** 2),
    memoryCopies: 3,
  }),
};
