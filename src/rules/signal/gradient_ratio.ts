import { resolveActivation } from "../../theory/activation_functions.ts";
import { gaussianMean } from "../../theory/gaussian_mean.ts";
import { defineRule } from "../define_rule.ts";
import { between } from "../expected.ts";
import { falsePositives } from "../false_positives.ts";
import type { Verdict } from "../finding.ts";
import { judgeRatioByTheory, undescribed } from "../network/judge_by_theory.ts";
import type { KernelLayer } from "../network/kernel_chain.ts";
import { DELTA_NORM } from "../network/signal_path.ts";
import { brokenGradient } from "../no_verdict.ts";
import type { Rule } from "../rule.ts";
import { figure, layerName, NOTHING, number, say } from "../say.ts";
import { MIN_WIDTH } from "../shared_thresholds.ts";
import { signalDies } from "./signal_dies.ts";
import { softmaxUnderSum } from "./softmax_under_sum.ts";
import { networkOf } from "../network/network.ts";

/** Number of units from which the factor applies unchanged. */
const WIDE = 128;

/** The rule `gradient-ratio`: from layer to layer the signal changes as theory predicts. */
export const gradientRatio: Rule = defineRule({
  name: "gradient-ratio",
  assertion: "assertGradientRatioNear",
  matcher: "toHaveGradientRatioNearTheory",
  passes: "has gradients that change from layer to layer as theory says",
  tags: ["weights", "signal"],
  assertionFailsOnWarnings: ["too-small", "too-large"],
  order: 60,
  thresholds: {
    gradientRatioFactor: {
      default: 2,
      unit: "measured ratio / chi",
      range: [1, Infinity],
      source:
        "Schoenholz et al. 2017 for chi; simulation: over 50 draws each of tanh, selu and relu " +
        "networks of depth 5 to 30 and 128 units the largest factor is 1.84",
      about: "Largest factor between a squared delta ratio and the mean-field chi, up or down.",
    },
    ...MIN_WIDTH,
  },
  problem: "gradients that do not change from layer to layer as theory predicts",
  stage: "initial",
  summary: "From each hidden layer to the one below it, the squared norm of delta changes by the " +
    "factor chi that theory predicts for the kernel and the activation.",
  formula: "1 / f <= (l2(delta) / l2(delta above))^2 / chi <= f, f = gradientRatioFactor for " +
    "layers of 128 units or more and gradientRatioFactor^sqrt(128 / units) for narrower ones; chi " +
    "= sigma_w^2 E[phi'(z)^2] over z ~ N(0, mean of z^2), sigma_w the rms of the kernel above times " +
    "the root of its fan-in.",
  source: "Schoenholz et al. 2017.",
  misleads:
    "chi is the mean of wide random layers: trained kernels, strong biases and very similar " +
    "inputs deviate from it. Layers below 64 units vary too much and are skipped." +
    " It is an error only where the signal is measured to die.",
  fix: "Look for biases or inputs that push z to one side, a kernel whose entries are not drawn " +
    "independently, or an operation whose gradient is not its derivative.",
  falsePositives: falsePositives({ draws: 1600 }),
  asserts:
    "that from each hidden layer to the one below it the squared l2 norm of delta changes by the " +
    "factor chi = sigma_w^2 E[phi'(z)^2] of mean-field theory, within a factor of 2 " +
    "(`gradientRatioFactor`), or of 2^sqrt(128 / units) in layers of fewer than 128 units. Judges " +
    "dense and convolutional layers in a chain with at least 64 units (`minWidth`). In a network " +
    "of another graph it compares each layer that theory describes with what follows from the " +
    "deltas above it, allows the square of the factor, and only warns.",
  fails: "deltas change from layer to layer by a factor other than the one that theory predicts",
  throws: "If a ratio is off.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertGradientRatioNear } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ width: 64, std: 1 / 8 });
      assertGradientRatioNear(await measure(model, randomBatch(model)));
      model.dispose();
    `,
  },
  figure: DELTA_NORM,
  judge(subject) {
    const { measurements, network, thresholds } = subject;
    const { plain: chain } = networkOf(measurements);
    // Rounding errors have no size to judge; earlier rules report them.
    const { warnings, heard: { layers } } = softmaxUnderSum(subject);
    const unmeasured = brokenGradient(network.signalPath(layers));
    if (typeof chain === "string") {
      // Reported once, for this rule and those about balance and activations.
      const none = undescribed(network);
      if (none !== null) return [none];
      if (unmeasured !== null || warnings.some(({ unjudged }) => unjudged)) return [];
      const limitOf = (units: number) => thresholds.gradientRatioFactor ** spread(units);
      return judgeRatioByTheory(subject, layers, limitOf);
    }
    if (unmeasured !== null) return [unmeasured];
    if (warnings.some(({ unjudged }) => unjudged)) {
      return warnings.map((verdict): Verdict => ({ ...verdict, severity: "note" }));
    }
    return chain.slice(1).flatMap((above, index): Verdict[] => {
      const below = chain[index];
      const measured = ratio(below, above);
      const width = Math.min(below.units, above.units);
      if (width < thresholds.minWidth || measured === null || !layers.includes(below.layer)) {
        return [];
      }
      const predicted = chi(below, above);
      const off = measured / predicted;
      const limit = thresholds.gradientRatioFactor ** spread(width);
      if (off <= limit && off >= 1 / limit) return [];
      const expected = between(1 / limit, limit);
      const lower = layerName(below.layer.name);
      const upper = layerName(above.layer.name);
      const figures = {
        ratio: figure(measured, "|delta|^2 / |delta above|^2"),
        predicted: figure(predicted, "|delta|^2 / |delta above|^2"),
        factor: figure(off, "ratio / predicted ratio"),
      };
      return [{
        severity: signalDies(subject) ? "error" : "warning",
        kind: off < 1 ? "too-small" : "too-large",
        layer: below.layer.name,
        measured: off,
        expected,
        threshold: "gradientRatioFactor",
        figures,
        message: say`The gradient does not change from ${upper} down to ${lower} as theory predicts:
          the squared norm of delta changes by a factor of ${figures.ratio}, ${figures.factor} times
          the predicted ${figures.predicted}; expected ${expected} times (gradientRatioFactor${
          spread(width) > 1 ? say`, and the spread of ${number(width, "exact")} units` : NOTHING
        }).`,
        fix: say`Check what pushes z of ${lower} to one side (biases, inputs), at the kernel of
          ${upper}, and at the gradient of ${below.activation}.`,
      }];
    });
  },
});

/**
 * Returns the extra allowance of a narrow layer: the logarithm of a ratio spreads as 1 /
 * sqrt(width).
 */
function spread(width: number): number {
  return Math.max(1, Math.sqrt(WIDE / width));
}

function ratio({ layer: below }: KernelLayer, { layer: above }: KernelLayer): number | null {
  const lower = below.preActivationGradients;
  const upper = above.preActivationGradients;
  const usable = lower !== null && upper !== null && upper.l2 > 0 &&
    lower.nonFinite + upper.nonFinite === 0;
  return usable ? (lower.l2 / upper.l2) ** 2 : null;
}

function chi(below: KernelLayer, above: KernelLayer): number {
  const { derivative, kinks } = resolveActivation(below.activation);
  const variance = (below.layer.preActivations?.rms ?? 0) ** 2;
  return above.sigma ** 2 * gaussianMean((z) => derivative(z) ** 2, variance, { kinks });
}
