import { gain } from "../../theory/criticality.ts";
import type { MeanFieldState } from "../../theory/mean_field.ts";
import { defineRule } from "../define_rule.ts";
import { atLeast, atMost } from "../expected.ts";
import { falsePositives } from "../false_positives.ts";
import type { Verdict } from "../finding.ts";
import { NOTHING_TO_DO } from "../fix_line.ts";
import { judgeBalanceByTheory } from "../network/judge_by_theory.ts";
import type { KernelLayer } from "../network/kernel_chain.ts";
import { DELTA_NORM } from "../network/signal_path.ts";
import { brokenGradient, noVerdict } from "../no_verdict.ts";
import type { Rule } from "../rule.ts";
import { exactFigure, figure, layerName, number, say } from "../say.ts";
import { MIN_WIDTH } from "../shared_thresholds.ts";
import { rescaleFix } from "./rescale_fix.ts";
import { signalDies } from "./signal_dies.ts";
import { softmaxUnderSum } from "./softmax_under_sum.ts";
import { networkOf } from "../network/network.ts";

const OTHER_ADVICE = say`Use another activation, or add normalisation or residual connections.`;

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
      unit: "max/min of squared l2(delta) over layers / the same of a critical network",
      range: [1, Infinity],
      source: "after SageMaker Debugger, PoorWeightInitialization; simulation",
      about: "Largest factor by which max/min of the squared delta can exceed that of a critical " +
        "network.",
    },
    ...MIN_WIDTH,
  },
  problem: "gradients out of balance",
  stage: "initial",
  summary: "The largest and the smallest signal of the hidden layers differ by at most a fixed " +
    "factor more than in a critical network of that depth.",
  formula:
    "(max / min over the hidden layers of l2(delta)^2) / (the same ratio in the mean-field " +
    "prediction) <= gradientBalance. The prediction is made at criticality, or for kernels " +
    "drawn from a normal distribution truncated at two standard deviations, as in " +
    "TensorFlow.js, which keeps 0.88 of the nominal deviation.",
  source: "after SageMaker Debugger, PoorWeightInitialization; Schoenholz et al. 2017 for the " +
    "prediction.",
  misleads:
    "Layers of a chain below 64 units vary too much, so they get no verdict. Sigmoid has no " +
    "critical network and is judged against perfect balance. It is an error only where the signal " +
    "is measured to die, because Adam compensates for imbalance.",
  fix: "Scale each kernel to its activation, so that no layer multiplies the signal.",
  falsePositives: falsePositives(
    { draws: 1600 },
    "0 errors on 100 relu networks of 64 units and 30 layers with heNormal of TensorFlow.js.",
  ),
  asserts:
    "that the largest and the smallest squared l2 norm of delta over the hidden layers differ " +
    "by at most 1000 times (`gradientBalance`) as much as in a critical network of that " +
    "depth. Judges dense and convolutional layers in a chain with at least 64 units " +
    "(`minWidth`). In a network of another graph it judges every layer that theory describes, " +
    "with more room for narrow ones, and only warns.",
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
    const { measurements, network, thresholds } = subject;
    const { plain: chain, expected: states } = networkOf(measurements);
    // Rounding errors have no size to judge; earlier rules report them.
    const { warnings, heard: { layers } } = softmaxUnderSum(subject);
    const unmeasured = brokenGradient(network.signalPath(layers));
    if (typeof chain === "string") {
      if (unmeasured !== null || warnings.some(({ unjudged }) => unjudged)) return [];
      return judgeBalanceByTheory(
        subject,
        layers,
        () => rescaleFix(subject.layers, network) ?? OTHER_ADVICE,
      );
    }
    if (unmeasured !== null) return [unmeasured];
    if (warnings.some(({ unjudged }) => unjudged)) {
      return warnings.map((verdict): Verdict => ({ ...verdict, severity: "note" }));
    }
    const narrow = chain.find(({ units }) => units < thresholds.minWidth);
    if (narrow !== undefined) {
      const { units } = narrow;
      return [
        noVerdict(
          "narrow",
          say`${layerName(narrow.layer.name)} has ${
            exactFigure(units, "units")
          } units, and layers this narrow vary too much to judge (minWidth
          ${number(thresholds.minWidth, "exact")})`,
          atLeast(thresholds.minWidth, { unit: "units" }),
          NOTHING_TO_DO,
        ),
      ];
    }
    const signals = chain
      .map(({ layer }, index) => ({ layer, delta: layer.preActivationGradients, index }))
      .filter(({ layer, delta }) =>
        layers.includes(layer) && delta !== null && delta.l2 > 0 && delta.nonFinite === 0
      );
    // Signals of 0 are reported by vanishing-gradients.
    if (signals.length < 2) return [];
    const spread = (values: number[]) => Math.max(...values) / Math.min(...values);
    const measured = spread(signals.map(({ delta }) => delta!.l2 ** 2));
    const predict = (states: readonly MeanFieldState[]) => {
      const predicted = predictedSignals(chain, states);
      return spread(signals.map(({ index }) => predicted[index]));
    };
    const critical = predict(states.critical[0]);
    if (measured / critical <= thresholds.gradientBalance) return [];
    const cut = states.cut.map(predict);
    const predicted = Math.max(critical, ...cut);
    const off = measured / predicted;
    if (off <= thresholds.gradientBalance) return [];
    const largest = signals.reduce((a, b) => b.delta!.l2 > a.delta!.l2 ? b : a).layer.name;
    const smallest = signals.reduce((a, b) => b.delta!.l2 < a.delta!.l2 ? b : a).layer.name;
    const expected = atMost(thresholds.gradientBalance);
    const figures = {
      ratio: figure(measured, "largest |delta|^2 / smallest"),
      predicted: figure(predicted, "largest |delta|^2 / smallest"),
      factor: figure(off, "ratio / predicted ratio"),
    };
    return [{
      severity: signalDies(subject) ? "error" : "warning",
      kind: "spread",
      layer: smallest,
      layers: [smallest, largest],
      measured: off,
      expected,
      threshold: "gradientBalance",
      figures,
      message: say`The gradient is uneven across the layers: the squared norm of delta in
        ${layerName(largest)} is ${figures.ratio} times that in ${layerName(smallest)},
        ${figures.factor} times what a critical network of this depth has
        (${figures.predicted}); expected ${expected} times (gradientBalance).`,
      fix: rescaleFix(layers, network) ?? OTHER_ADVICE,
    }];
  },
});

/** Returns the squared norms of delta in a mean field, relative to the last hidden layer's. */
function predictedSignals(
  chain: readonly KernelLayer[],
  states: readonly MeanFieldState[],
): number[] {
  const signals = Array<number>(chain.length).fill(1);
  for (let index = chain.length - 2; index >= 0; index--) {
    const chi = gain(chain[index].activation) === null ? 1 : states[index].chi;
    signals[index] = signals[index + 1] * chi;
  }
  return signals;
}
