import { networkOf } from "../checks/network/network.ts";
import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import type { LayerPair } from "./match_layers.ts";

/** How many standard deviations two healthy draws may lie apart: of a normal variable, 1 in 16,000 does. */
const DEVIATIONS = 4;
/** Less than 1 % is no change that anybody acts on; other machines alone move figures by 4e-7. */
const LEAST = 0.01;

/** By how much the figures of a layer may differ though nothing was changed but the draw. */
export interface Chance {
  /** Of the std of the kernel, as a factor. */
  kernel: number;
  /** Of the mean |gradient| of the kernel. */
  gradient: number;
  /** Of the mean |a|. */
  activation: number;
  /** Of the mean |delta|. */
  delta: number;
  /** Of a share, as an amount, where it is `share` on the average. */
  shareAt(share: number): number;
}

/**
 * What chance does to two runs. Nothing, where both have the same weights and the same batch. Else:
 *
 * - The std of n normal numbers has a relative error of 1 / sqrt(2 n), that of other initialisers a smaller one;
 *   so two draws differ by a factor of exp(4 / sqrt(n)) at most: 1.22 of a kernel of 20 by 20, 1.01 of one of
 *   400 by 400.
 * - a and delta have the doubt that theory gives them over draws of the weights (`doubt` of a prediction),
 *   and a gradient that of the delta and the input which it is a product of. Under a loss the gradient at
 *   the outputs is as uncertain as they are. Where theory has nothing to say, a layer of n units adds the
 *   1 / sqrt(2 n) of a linear one to the doubt of its input.
 * - Where the batches differ, a has the error of the size of its numbers as well, and a gradient, a sum over m
 *   examples, another 1 / sqrt(2 m).
 * - The share of n units has the standard deviation sqrt(p (1 - p) / n).
 *
 * Held against 28 pairs of 8 draws each of the exercise's network as Glorot draws it, a tanh network of five
 * layers and the digits example: the differences of kernels, gradients, activations and deltas have an rms of
 * 0.4 to 1.2 of the standard deviations said here, and none of 2,604 figures lies farther off than 3.3.
 */
export function chanceOf(
  before: Measurements,
  after: Measurements,
  pairs: readonly LayerPair[],
): (pair: LayerPair) => Chance {
  if (isSameDraw(pairs) && isSameBatch(before, after)) {
    const least = Math.exp(LEAST);
    const none = { kernel: least, gradient: least, activation: least, delta: least };
    return () => ({ ...none, shareAt: () => LEAST });
  }
  const doubts = [before, after].map((run) => doubtsOf(run, isSameBatch(before, after)));
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

/** Two draws of one network are in the same doubt, so of two different ones the smaller counts. */
const gap = (one: number, other: number) =>
  Math.max(LEAST, DEVIATIONS * Math.SQRT2 * Math.min(one, other));

/** Relative error of the size of n random numbers, by which a linear layer of n units differs, too. */
const sizeDoubt = (n: number) => 1 / Math.sqrt(2 * Math.max(1, n));

/** One standard deviation of the logarithm of each figure of a layer. */
function doubtsOf(run: Measurements, isSameBatch: boolean) {
  const { theory } = networkOf(run);
  const doubts = new Map<string, { activations: number; deltas: number; inputs: number }>();
  for (const layer of run.layers) {
    const before = (layer.inputs ?? []).map((name) => doubts.get(name)?.activations ?? 0);
    const inputs = Math.max(0, ...before);
    const { activations, deltas } = theory.predicted.get(layer.name)?.doubt ?? {};
    const known = (doubt: number | undefined, otherwise: number) =>
      Number.isFinite(doubt) ? doubt! : otherwise;
    // The outputs of a softmax always add up to the same.
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

/** With a unit more of either kind, so that neither none nor all is certain. */
function shareDoubt(share: number, units: number): number {
  const p = (share * units + 1) / (units + 2);
  return Math.sqrt(p * (1 - p) / units);
}

/** How many units a layer has: the last axis of its output. */
const unitsOf = ({ shape }: LayerMeasurements) => Math.max(1, shape?.at(-1) ?? 1);

/** The weights are the same numbers, as far as their statistics tell. */
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
