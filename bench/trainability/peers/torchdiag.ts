import type { Peer } from "./peers.ts";
import { shareOfUnits, trainedWeights } from "./view.ts";

// torchdiag 0.1.0 on PyPI; github.com/AddyM/torchdiag, torchdiag/diagnostics.py: a parameter's largest gradient
// above 100 or below 1e-7; more than 20 % of a relu layer's units at 0 for the whole batch; every parameter
// frozen; a loss that is not finite.

/** Whatever its commands list as an issue. */
export const torchdiag: Peer = {
  name: "torchdiag",
  rules: {
    explode: (view) =>
      trainedWeights(view).some(({ gradients }) =>
        gradients!.nonFinite > 0 || gradients!.maxAbs > 100
      ),
    vanish: (view) => trainedWeights(view).some(({ gradients }) => gradients!.maxAbs < 1e-7),
    "dead neurons": ({ outputs }) =>
      outputs.some((output) =>
        ["relu", "elu", "gelu"].includes(output.activation) &&
        shareOfUnits(output, (value) => value !== 0, Number.MIN_VALUE) > 0.2
      ),
    "all frozen": (view) => trainedWeights(view).length === 0,
    "loss not finite": ({ measurements }) => !Number.isFinite(measurements.objective.value),
  },
};
