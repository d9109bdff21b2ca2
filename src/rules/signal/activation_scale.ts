import type { MeanFieldState } from "../../theory/mean_field.ts";
import { defineRule } from "../define_rule.ts";
import { between } from "../expected.ts";
import { falsePositives } from "../false_positives.ts";
import type { Verdict } from "../finding.ts";
import type { Case } from "../judge.ts";
import { once } from "../list_layers.ts";
import { judgeScaleByTheory, sayScale, USUALLY_OFF } from "../network/judge_by_theory.ts";
import { tooFewExamples } from "../no_verdict.ts";
import type { Rule } from "../rule.ts";
import { figure, number, say } from "../say.ts";
import type { Sentence } from "../sentence.ts";
import { MIN_EXAMPLES } from "../shared_thresholds.ts";
import { rescaleFix } from "./rescale_fix.ts";
import { signalDies } from "./signal_dies.ts";
import { networkOf } from "../network/network.ts";

/** Factor below which examples can no longer be told apart. */
const COLLAPSED = 1000;

/** The rule `activation-scale`: activations are as large as those of a critical network. */
export const activationScale: Rule = defineRule({
  name: "activation-scale",
  assertion: "assertActivationScale",
  matcher: "toHaveActivationScale",
  passes: "has activations of the right scale",
  tags: ["weights", "signal"],
  order: 100,
  assertionFailsOnWarnings: ["too-small", "too-large"],
  study: {
    order: 60,
    letter: "a",
    below: "activations fade",
    above: "activations grow",
    // A study asks which scale is healthy, so being drawn by an initialiser does not excuse it.
    failsOnWarnings: true,
  },
  thresholds: {
    activationScaleFactor: {
      default: 2,
      unit: "std(a) / expected std(a)",
      range: [1, Infinity],
      source: "after TheDeepChecker",
      about:
        "Largest factor between the standard deviation of a and its expected value, up or down.",
    },
    activationTarget: {
      default: 0,
      unit: "std(a)",
      range: [0, Infinity],
      source: "off; 1 with an activationScaleFactor of 1.1 is LSUV (Mishkin & Matas 2016)",
      about: "The standard deviation that every a must have; 0 means the mean-field prediction.",
    },
    ...MIN_EXAMPLES,
  },
  problem: "activations of the wrong scale",
  stage: "initial",
  summary: "The activations of each hidden layer have about the same standard deviation as in a " +
    "critical network of that depth and activation.",
  formula: "low / f <= std(a) <= high f, with std over units and examples. low and high are the " +
    "mean-field prediction at criticality for the measured inputs. They are equal except for " +
    "selu, which has two critical scales (sigma_w 1 and 0.69), and for kernels drawn from a " +
    "normal distribution truncated at two standard deviations, as in TensorFlow.js, which keeps " +
    "0.88 of the nominal deviation. f is activationScaleFactor or, where layers of that width " +
    "vary more, exp(3 s), with s the standard deviation of ln rms(a) over draws. If " +
    "activationTarget is not 0, low and high are activationTarget and f is activationScaleFactor. " +
    "It is an error if std(a) is more than 1000 times too small, or if the signal is measured to " +
    "die, and a warning otherwise. The assertion fails on warnings too, unless He, LeCun, Glorot " +
    "or orthogonal kernels explain the deviation and it is at most 30 times too small or 10 times " +
    "too large.",
  source: "after TheDeepChecker; Poole et al. 2016 for the prediction; s after Hanin & Nica " +
    "2018; LSUV (Mishkin & Matas 2016).",
  misleads:
    "A critical tanh network's activations shrink with depth, and that is healthy: the rule " +
    "therefore compares with the prediction. Glorot initialisation, the default of TensorFlow.js, " +
    "loses a factor of sqrt(2) per relu layer, which a shallow network survives. Convolutions " +
    "with zero padding on small maps lose some signal at their borders. In a network that is not " +
    "a chain, a layer whose scale a normalisation corrects is not judged, and a kernel in a " +
    "branch that is added can be small. Adam corrects a wrong scale in a few hundred steps, so it " +
    "is only a warning unless the signal dies.",
  fix: "Scale each kernel to its activation.",
  falsePositives: falsePositives(
    { draws: 1600 },
    "0 errors on 100 critical tanh networks of 20 units and 30 layers, and on 100 He relu " +
      "networks of 64 units and 30 layers.",
  ),
  asserts:
    "that the standard deviation of each hidden layer's activations is within a factor of 2 " +
    "(`activationScaleFactor`) of the mean-field prediction of a critical network of the same " +
    "depth and activations, with more room for narrow layers, which vary more by chance; or " +
    "of `activationTarget`, if given. Judges dense and convolutional layers in a chain, on at " +
    "least 8 examples (`minExamples`). In a network of another graph it judges every layer that " +
    "theory describes, and only warns.",
  fails: "activations spread much more or less than in a critical network",
  throws: "If activations are too large or too small.",
  example: {
    title: "A network that passes and one that does not",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertActivationScale } from "@gradient-health/gradient-health/assert";
      import { assertThrows } from "@std/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      assertActivationScale(await measure(model, randomBatch(model)));
      model.dispose();

      const broken = exerciseModel({ std: 0.01 });
      const measurements = await measure(broken, randomBatch(broken));
      assertThrows(() => assertActivationScale(measurements));
      broken.dispose();
    `,
  },
  figure: { title: "std of a", scale: "log", of: ({ activations }) => activations?.std ?? null },
  judge(subject) {
    const { layers, measurements, thresholds } = subject;
    const { batch } = measurements;
    const { plain: chain, expected: states } = networkOf(measurements);
    if (batch.examples < thresholds.minExamples) {
      return [tooFewExamples(batch.examples, thresholds.minExamples)];
    }
    const fix = once(() => rescaling(subject));
    if (typeof chain === "string") return judgeScaleByTheory(subject, fix);
    const dies = once(() => signalDies(subject));
    const names = new Set(layers.map(({ name }) => name));
    return chain.flatMap(({ output: { name, activations } }, index): Verdict[] => {
      if (activations === null || activations.nonFinite > 0) return [];
      if (!names.has(name)) return [];
      const { activationTarget: target, activationScaleFactor } = thresholds;
      const limitTo = (factor: number, ...fields: States[]) =>
        isWithin(activations.std, target > 0 ? [target, target] : bounds(fields, index), factor);
      if (limitTo(activationScaleFactor, ...states.critical)) return [];
      const limit = target > 0
        ? activationScaleFactor
        : Math.max(activationScaleFactor, states.wander[index]);
      const critical = [...states.critical, ...states.cut];
      if (limitTo(limit, ...critical)) return [];
      const [low, high] = target > 0 ? [target, target] : bounds(critical, index);
      const expected = activations.std < low ? low : high;
      const off = activations.std / expected;
      const isUsual = target === 0 && limitTo(limit, ...critical, states.usual) &&
        limitTo(Math.max(off < 1 ? USUALLY_OFF.small : USUALLY_OFF.large, limit), ...critical);
      const range = between(1 / limit, limit);
      const figures = {
        std: figure(activations.std, "std(a)"),
        factor: figure(off, "std(a) / expected std(a)"),
        expected: figure(expected, "std(a)"),
      };
      return [{
        severity: !isUsual && (off < 1 / COLLAPSED || dies()) ? "error" : "warning",
        kind: `${isUsual ? "" : "too-"}${off < 1 ? "small" : "large"}`,
        layer: name,
        measured: off,
        expected: range,
        threshold: "activationScaleFactor",
        figures,
        message: sayScale(name, activations.std, expected, limit),
        fix: fix(),
      }];
    });
  },
});

function rescaling(
  { layers, network, thresholds: { activationTarget } }: Case<"activationTarget">,
): Sentence {
  if (activationTarget > 0) {
    return say`From the first layer up, multiply the kernel by ${number(activationTarget)} /
      std(a) and measure again before the next (LSUV).`;
  }
  return rescaleFix(layers, network) ??
    say`Normalise the inputs, or check the biases.`;
}

/** States of the layers in one mean field. */
type States = readonly MeanFieldState[];

/** Returns the range of std(a) in critical networks: selu has two healthy scales. */
function bounds(alternatives: States[], index: number): [number, number] {
  const deviations = alternatives.map((states) => states[index].activationStd);
  return [Math.min(...deviations), Math.max(...deviations)];
}

function isWithin(value: number, [low, high]: [number, number], factor: number): boolean {
  return value >= low / factor && value <= high * factor;
}
