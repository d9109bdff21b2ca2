import type { Peer } from "./peers.ts";
import { kernels, type PeerView, shareOfUnits, trainedWeights } from "./view.ts";

// Zhang, Zhai, Ma and Shen, "AUTOTRAINER", ICSE 2021; github.com/shiningrain/AUTOTRAINER,
// AutoTrainer/utils/monitor.py: beta_1 1e-3, beta_2 1e-4, beta_3 70, gamma 0.7.

/** l2 of the first kernel's gradient, and its ratio to the last one's. */
function firstToLast(view: PeerView): { first: number; ratio: number } {
  const all = kernels(view);
  const [first, last] = [all[0], all.at(-1)].map((kernel) => kernel?.gradients?.l2 ?? 0);
  return { first, ratio: first / last };
}

const isBroken = (view: PeerView) =>
  trainedWeights(view).some(({ values, gradients }) =>
    values.nonFinite > 0 || gradients!.nonFinite > 0
  );

/**
 * Checks of the code on the gradients and weights of a batch, whatever the accuracy.
 */
export const autotrainer: Peer = {
  name: "AUTOTRAINER, its code",
  rules: {
    vanish(view) {
      const { first, ratio } = firstToLast(view);
      return ratio < 1e-3 && first < 1e-4;
    },
    explode: (view) => isBroken(view) || firstToLast(view).ratio > 70,
    "dying relu"(view) {
      const gradients = trainedWeights(view).map((weight) => weight.gradients!);
      const count = gradients.reduce((sum, own) => sum + own.count, 0);
      const zeros = gradients.reduce((sum, own) => sum + own.count * own.zeroFraction, 0);
      return zeros / count >= 0.7;
    },
  },
};

/** The symptoms that the paper names, each by a limit of its own. */
export const autotrainerLoose: Peer = {
  name: "AUTOTRAINER, as published",
  rules: {
    vanish: (view) =>
      firstToLast(view).ratio < 1e-7 || (kernels(view)[0]?.gradients?.meanAbs ?? 0) < 1e-7,
    explode: (view) =>
      isBroken(view) || trainedWeights(view).some(({ gradients }) => gradients!.maxAbs >= 70),
    "dying relu": ({ outputs }) =>
      outputs.some((output) =>
        output.activation === "relu" &&
        shareOfUnits(output, (value) => value > 0, Number.MIN_VALUE) >= 0.7
      ),
  },
};
