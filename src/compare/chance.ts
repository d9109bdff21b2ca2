import { networkOf } from "../rules/network/network.ts";
import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import type { LayerPair } from "./match_layers.ts";

/**
 * Standard deviations by which two healthy draws may differ: exceeded by 1 in 16,000 normal
 * variables.
 */
const DEVIATIONS = 4;
/** A change below 1 % is irrelevant; other machines alone change figures by 4e-7. */
const MIN_CHANGE = 0.01;

/** Amount by which a layer's figures may differ between draws of the same network. */
export interface Chance {
  /** Factor of the std of the kernel. */
  kernel: number;
  /** Factor of the mean |gradient| of the kernel. */
  gradient: number;
  /** Factor of the mean |a|. */
  activation: number;
  /** Factor of the mean |delta|. */
  delta: number;
  /** Returns the absolute difference of a share whose average is `share`. */
  shareAt(share: number): number;
}

/**
 * Returns the differences between two runs that chance explains; none if both have the same weights
 * and the same batch. Otherwise:
 *
 * - The std of n normal numbers has a relative error of 1 / sqrt(2 n), less for other initialisers.
 *   So two draws differ by a factor of exp(4 / sqrt(n)) at most: 1.22 for a kernel of 20 by 20,
 *   1.01 for one of 400 by 400.
 * - The uncertainty of a and delta is what theory predicts over draws of the weights (`doubt` of a
 *   prediction); a gradient combines that of delta and of the input, its two factors. With a loss,
 *   the gradient at the outputs is as uncertain as they are. Without a prediction, a layer of n
 *   units adds the 1 / sqrt(2 n) of a linear layer to the uncertainty of its input.
 * - If the batches differ, a also has the sampling error of its entries, and a gradient, a sum
 *   over m examples, another 1 / sqrt(2 m).
 * - The share of n units has the standard deviation sqrt(p (1 - p) / n).
 *
 * Checked against 28 pairs of 8 draws each of the exercise network with Glorot initialisation, a
 * tanh network of five layers and the digits example: the differences of kernels, gradients,
 * activations and deltas have an rms of 0.4 to 1.2 of the standard deviations given here, and none
 * of 2,604 figures is off by more than 3.3.
 */
export function chanceOf(
  before: Measurements,
  after: Measurements,
  pairs: readonly LayerPair[],
): (pair: LayerPair) => Chance {
  if (isSameDraw(pairs) && isSameBatch(before, after)) {
    const least = Math.exp(MIN_CHANGE);
    const none = { kernel: least, gradient: least, activation: least, delta: least };
    return () => ({ ...none, shareAt: () => MIN_CHANGE });
  }
  const options = { isSameBatch: isSameBatch(before, after) };
  const doubts = [before, after].map((run) => doubtsOf(run, options));
  return (pair) => {
    const [one, other] = pair.map((layer, i) => doubts[i](layer));
    const factor = (of: keyof typeof one) => Math.exp(gap(one[of], other[of]));
    return {
      kernel: factor("kernel"),
      gradient: factor("gradient"),
      activation: factor("activation"),
      delta: factor("delta"),
      shareAt: (share) => {
        const [deviation, from] = pair.map((layer) => shareDoubt(share, unitsOf(layer)));
        return gap(deviation, from);
      },
    };
  };
}

/**
 * Two draws of the same network are equally uncertain, so for two different networks the smaller
 * uncertainty counts.
 */
const gap = (one: number, other: number) =>
  Math.max(MIN_CHANGE, DEVIATIONS * Math.SQRT2 * Math.min(one, other));

/**
 * Returns the relative error of the size of n random numbers, also the variation of a linear layer
 * of n units.
 */
const sizeDoubt = (n: number) => 1 / Math.sqrt(2 * Math.max(1, n));

/** Returns the standard deviation of the logarithm of each figure of a layer. */
function doubtsOf(run: Measurements, { isSameBatch }: { isSameBatch: boolean }) {
  const { theory } = networkOf(run);
  const doubts = new Map<string, { activations: number; deltas: number; inputs: number }>();
  for (const layer of run.layers) {
    const before = (layer.inputs ?? []).map((name) => doubts.get(name)?.activations ?? 0);
    const inputs = Math.max(0, ...before);
    const { activations, deltas } = theory.predicted.get(layer.name)?.doubt ?? {};
    const known = (doubt: number | undefined, otherwise: number) =>
      Number.isFinite(doubt) ? doubt! : otherwise;
    // The outputs of a softmax always have the same sum.
    const own = layer.activation === "softmax" ? 0 : sizeDoubt(unitsOf(layer));
    const ofActivations = known(activations, Math.hypot(inputs, own));
    doubts.set(layer.name, {
      activations: ofActivations,
      deltas: known(deltas, ofActivations),
      inputs,
    });
  }
  const outputs = run.layers.filter(({ role }) => role === "output");
  const atOutput = Math.max(0, ...outputs.map(({ name }) => doubts.get(name)!.activations));
  const { examples, inputs } = run.batch;
  const [ofInputs, ofExamples] = isSameBatch ? [0, 0] : [inputs.count, examples].map(sizeDoubt);
  return (layer: LayerMeasurements) => {
    const own = doubts.get(layer.name)!;
    const ofKernel = sizeDoubt(layer.weights.find(isKernel)?.values.count ?? 1);
    const delta = Math.hypot(own.deltas, atOutput, ofExamples);
    return {
      kernel: ofKernel,
      activation: Math.hypot(own.activations, ofInputs),
      delta,
      gradient: Math.hypot(delta, own.inputs, ofKernel),
    };
  };
}

/** Adds one unit of either kind, so that neither 0 nor 1 is certain. */
function shareDoubt(share: number, units: number): number {
  const p = (share * units + 1) / (units + 2);
  return Math.sqrt(p * (1 - p) / units);
}

/** Returns the number of units of a layer: the last axis of its output. */
const unitsOf = ({ shape }: LayerMeasurements) => Math.max(1, shape?.at(-1) ?? 1);

/** Returns true if the statistics of all weights are equal. */
function isSameDraw(pairs: readonly LayerPair[]): boolean {
  const figures = ({ weights }: LayerMeasurements) =>
    weights.filter(isKernel).map(({ values: { mean, std, maxAbs } }) => [mean, std, maxAbs]);
  return pairs.every(([one, other]) =>
    JSON.stringify(figures(one)) === JSON.stringify(figures(other))
  );
}

function isSameBatch({ batch: one }: Measurements, { batch: other }: Measurements): boolean {
  return one.examples === other.examples && one.inputs.mean === other.inputs.mean &&
    one.inputs.std === other.inputs.std;
}
