import type { LayerMeasurements } from "../../measure/measurements.ts";
import { defineRule } from "../define_rule.ts";
import { atMost, figure, layerName, say } from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import type { Verdict } from "../finding.ts";
import { networkOf } from "../network/network.ts";
import type { Predictions } from "../network/signal_theory.ts";
import { CHANCE, isNormalised, signalOf, theoryLayers } from "../network/theory_layers.ts";
import type { Rule } from "../rule.ts";
import { rescaleFix } from "./rescale_fix.ts";
import { signalDies } from "./signal_dies.ts";
import { brokenGradient, DELTA_NORM, softmaxUnderSum } from "./gradient_paths.ts";

const OTHER_ADVICE = say`Use another activation, or add normalisation or residual connections.`;

/** Squared norms within this factor are even, whatever a critical network would have. */
const EVEN = 25;

/**
 * The rule `gradient-balance`: all layers receive signals of similar size, apart from the effect of
 * depth.
 */
export const gradientBalance: Rule = defineRule({
  name: "gradient-balance",
  assertion: "assertGradientBalance",
  matcher: "toHaveBalancedGradients",
  passes: "has gradients in balance",
  tags: ["weights", "signal"],
  assertionFailsOnWarnings: ["spread"],
  order: 70,
  study: {
    order: 70,
    letter: "b",
    below: "gradients are uneven",
    above: "gradients are uneven",
    failsOnWarnings: true,
  },
  thresholds: {
    gradientBalance: {
      default: 1000,
      unit: "max/min over layers of squared l2(delta) / that of a critical network",
      range: [1, Infinity],
      source: "after SageMaker Debugger, PoorWeightInitialization; simulation",
      about:
        "Largest factor by which the squared deltas of two layers can be further apart than in " +
        "a critical network.",
    },
  },
  problem: "gradients out of balance",
  stage: "initial",
  summary: "The largest and the smallest signal of the hidden layers differ by at most a fixed " +
    "factor more than in a critical network of that depth.",
  formula: "max / min over the hidden layers of (l2(delta)^2 / its mean-field prediction) <= " +
    "gradientBalance or, in narrow layers, which vary more, exp(6 s), with s the standard " +
    "deviation of ln rms(delta) over draws. The prediction is made over the graph of the layers, " +
    "at criticality or for kernels drawn from a normal distribution truncated at two standard " +
    "deviations, as in TensorFlow.js, which keeps 0.88 of the nominal deviation.",
  source: "after SageMaker Debugger, PoorWeightInitialization; Schoenholz et al. 2017 for the " +
    "prediction.",
  misleads:
    "Sigmoid has no critical network: it is compared with kernels of sigma_w 1, and that its " +
    "signal shrinks is reported by vanishing-gradients. It is an error only if the signal " +
    "is measured to die, because Adam compensates for imbalance. Kernels that only normalisations " +
    "read are left out, since a normalisation absorbs their scale, and squared norms within a " +
    "factor of 25 are even.",
  fix: "Scale each kernel to its activation, so that no layer multiplies the signal.",
  falsePositives: falsePositives(
    { draws: 1600 },
    "0 errors on 100 relu networks of 64 units and 30 layers with heNormal of TensorFlow.js.",
  ),
  asserts:
    "that the largest and the smallest squared l2 norm of delta over the hidden layers differ " +
    "by at most 1000 times (`gradientBalance`) as much as in a critical network of that " +
    "depth. Judges every layer with a kernel that theory describes, in a network of any graph, " +
    "with more room for narrow ones.",
  fails: "the largest and the smallest signal are too far apart for this depth",
  throws: "If the gradients are out of balance.",
  example: {
    title: "A network that passes and one that does not",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertGradientBalance } from "@gradient-health/gradient-health/assert";
      import { assertThrows } from "@std/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ width: 64, std: 1 / 8 });
      assertGradientBalance(await measure(model, randomBatch(model)));
      model.dispose();

      const broken = exerciseModel({ width: 64, activation: "relu", std: 2 });
      const measurements = await measure(broken, randomBatch(broken));
      assertThrows(() => assertGradientBalance(measurements));
      broken.dispose();
    `,
  },
  figure: DELTA_NORM,
  judge(subject) {
    const { measurements, thresholds } = subject;
    const network = networkOf(measurements);
    // Rounding errors have no size to judge; earlier rules report them.
    const { warnings, heard: { layers } } = softmaxUnderSum(subject);
    const unmeasured = brokenGradient(network.signalPath(layers));
    if (unmeasured !== null) return [unmeasured];
    if (warnings.some(({ unjudged }) => unjudged)) {
      return warnings.map((verdict): Verdict => ({ ...verdict, severity: "note" }));
    }
    // Signals of 0 are reported by vanishing-gradients.
    // Where a normalisation divides by the scale of a kernel, it multiplies delta by as much.
    const signals = theoryLayers(network).filter((layer) =>
      layers.includes(layer) && signalOf(layer) !== null && !isNormalised(layer, network.graph)
    );
    const spreads = network.theory.critical.map((states) => spreadOf(signals, states));
    if (!spreads.every((spread) => spread !== null)) return [];
    const { largest, smallest, off, doubt } = spreads.reduce((a, b) => b.off < a.off ? b : a);
    const limit = Math.max(thresholds.gradientBalance, Math.exp(2 * CHANCE * doubt));
    const apart = signalOf(largest)! / signalOf(smallest)!;
    if (off <= limit || apart <= EVEN) return [];
    const expected = atMost(limit);
    const figures = { factor: figure(off, "ratio / predicted ratio") };
    return [{
      severity: signalDies(subject) ? "error" : "warning",
      kind: "spread",
      layer: smallest.name,
      layers: [smallest.name, largest.name],
      measured: off,
      expected,
      threshold: "gradientBalance",
      figures,
      message: say`The gradient is uneven across the layers: the squared norms of delta in
        ${layerName(largest.name)} and ${layerName(smallest.name)} are ${figures.factor} times
        further apart than in a critical network of this shape; expected ${expected} times
        (gradientBalance).`,
      fix: rescaleFix(subject.layers, network) ?? OTHER_ADVICE,
    }];
  },
});

/**
 * Returns the spread of the ratios of measured to predicted signals, and the layers at its ends.
 */
function spreadOf(layers: readonly LayerMeasurements[], states: Predictions) {
  const shares = layers.flatMap((layer) => {
    const prediction = states.get(layer.name);
    const predicted = prediction?.deltas ?? 0;
    return predicted > 0
      ? [{ layer, share: signalOf(layer)! / predicted, doubt: prediction!.doubt.deltas }]
      : [];
  });
  if (shares.length < 2) return null;
  const most = shares.reduce((a, b) => b.share > a.share ? b : a);
  const least = shares.reduce((a, b) => b.share < a.share ? b : a);
  return {
    largest: most.layer,
    smallest: least.layer,
    off: most.share / least.share,
    doubt: Math.max(most.doubt, least.doubt),
  };
}
