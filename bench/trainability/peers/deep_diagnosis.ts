import type { Peer } from "./peers.ts";
import { kernels, type PeerView, shareOf } from "./view.ts";

// Wardat, Cruz, Le and Rajan, "DeepDiagnosis", ICSE 2022; github.com/DeepDiagnosis/ICSE2022,
// callback/callbacks.py: threshold_layer_1 0.7, thresholds of tanh and sigmoid 5, threshold_layer 0.5,
// threshold_VG 1e-7; the output's range against ten times that of the targets.

/** From which output on an input is beyond 5. */
const LIMITS: Record<string, [number, number]> = {
  tanh: [-Math.tanh(5), Math.tanh(5)],
  sigmoid: [1 / (1 + Math.exp(5)), 1 / (1 + Math.exp(-5))],
};

const isNumericalError = (mean: number) => !Number.isFinite(mean) || mean === 0;

const mean = (values: Float32Array) =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

const RANGES: Record<string, [number, number]> = {
  sigmoid: [0, 1],
  tanh: [-1, 1],
  relu: [0, Infinity],
  elu: [-1, Infinity],
  linear: [-Infinity, Infinity],
};

function isOutOfRange({ outputs, targets, measurements, classes }: PeerView): boolean {
  const { activation, values } = outputs.at(-1)!;
  const [low, high] = RANGES[activation] ?? [-Infinity, Infinity];
  const least = Math.min(...targets);
  const most = Math.max(...targets);
  if (activation === "softmax") return false;
  const entropy = classes !== null && measurements.objective.name === "categoricalCrossentropy";
  if (entropy && (activation === "relu" || activation === "linear")) return true;
  const range = Math.max(...values) - Math.min(...values);
  if (activation === "linear" && range > 10 * (most - least)) return true;
  return least < low || most > high;
}

/** Figures that it reads after an epoch, of the network before the first. */
export const deepDiagnosis: Peer = {
  name: "DeepDiagnosis",
  rules: {
    "numerical error": (view) =>
      view.outputs.some(({ values }) => isNumericalError(mean(values))) ||
      kernels(view).some(({ values, gradients }) =>
        values.nonFinite + gradients!.nonFinite > 0 || isNumericalError(values.mean) ||
        isNumericalError(gradients!.mean)
      ),
    "dead node": ({ outputs }) =>
      outputs.some(({ activation, values }) =>
        activation === "relu" && shareOf(values, (value) => value <= 0) >= 0.7
      ),
    "saturated activation": ({ outputs }) =>
      outputs.some(({ activation, values }) => {
        if (!(activation in LIMITS)) return false;
        const [low, high] = LIMITS[activation];
        return shareOf(values, (value) => value <= low || value >= high) > 0.5;
      }),
    "vanishing gradient": (view) =>
      kernels(view).some(({ gradients }) => gradients!.meanAbs < 1e-7),
    "out of range": isOutOfRange,
  },
};
