import { fans } from "../../../src/ground/theory/initializers.ts";
import type { Peer } from "./peers.ts";
import { kernels, type PeerView, trainedWeights } from "./view.ts";

// Ben Braiek and Khomh, "Testing feedforward neural networks training programs", TOSEM 2022;
// github.com/thedeepchecker/thedeepchecker, deep_checker/checkers.py, class PreCheck: variances up to a factor
// of 2.70554 (its F test at alpha 0.1), dev_ratio 1.0, anything within 1e-2 as equal. What it finds out by
// training (fitting a batch, numerical gradients) is left out.

const CRITICAL = 2.70554;

const near = (a: number, b: number) => Math.abs(a - b) <= 1e-2;

/** Variance that its messages ask for, by the activation of the network. */
const WANTED: Record<string, "he" | "glorot" | "lecun"> = {
  relu: "he",
  tanh: "glorot",
  sigmoid: "lecun",
};

function hasPoorWeights(view: PeerView): boolean {
  const { outputs } = view;
  // It takes one activation for the whole network: that of most layers.
  const counts = new Map<string, number>();
  for (const { activation } of outputs.slice(0, -1)) {
    if (activation !== "linear") counts.set(activation, (counts.get(activation) ?? 0) + 1);
  }
  const [activation = "linear"] = [...counts].sort((a, b) => b[1] - a[1]).map(([name]) => name);
  return kernels(view).some(({ values, shape }) => {
    const variance = values.std ** 2;
    if (variance <= 1e-8) return true;
    const { fanIn, fanOut } = fans(shape);
    const fits = { he: 2 / fanIn, glorot: 2 / (fanIn + fanOut), lecun: 1 / fanIn };
    const isNear = (wanted: number) => Math.max(variance / wanted, wanted / variance) <= CRITICAL;
    return activation in WANTED
      ? !isNear(fits[WANTED[activation]])
      : !Object.values(fits).some(isNear);
  });
}

function isNormalized(values: Float32Array): boolean {
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  const least = Math.min(...values);
  const most = Math.max(...values);
  if (variance === 0) return false;
  const ranged = near(most, 1) && (near(least, 0) || near(least, -1));
  return ranged || (near(Math.sqrt(variance), 1) && near(mean, 0));
}

/** Its checks before training. */
export const theDeepChecker: Peer = {
  name: "TheDeepChecker, before training",
  rules: {
    weights: hasPoorWeights,
    biases: (view) =>
      view.classes !== null &&
      trainedWeights(view).some(({ name, values }) => name.endsWith("/bias") && values.mean !== 0),
    loss({ measurements, classes }) {
      if (classes === null) return false;
      const expected = Math.log(classes);
      return !(Math.abs(measurements.objective.value - expected) < expected);
    },
    features: ({ inputs }) => !isNormalized(inputs),
    targets: ({ targets, classes }) => classes === null && !isNormalized(targets),
  },
};
