import type { LayerMeasurements } from "../../measure/measurements.ts";
import type { Prediction } from "../../../ground/theory/propagate.ts";
import { defineRule } from "../define_rule.ts";
import { between, figure, layerName, number, once, say, type Sentence } from "../say.ts";
import { falsePositives } from "../rule_documentation.ts";
import { tooFewExamples, type Verdict } from "../finding.ts";
import type { Case, Rule } from "../rule.ts";
import { networkOf } from "../network/network.ts";
import {
  CHANCE,
  isWithin,
  offOf,
  outputOf,
  theoryLayers,
  USUALLY_OFF,
} from "../network/theory_layers.ts";
import { MIN_EXAMPLES } from "../rule_options.ts";
import { rescaleFix } from "./rescale_fix.ts";
import { signalDies } from "./signal_dies.ts";

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
  formula: "low / f <= std(a) <= high f, with std over units and examples. low and high are what " +
    "mean-field theory predicts over the graph of the layers at criticality, with biases of 0 and " +
    "the measured inputs. They are equal except for " +
    "selu, which has two critical scales (sigma_w 1 and 0.69), and for kernels drawn from a " +
    "normal distribution truncated at two standard deviations, as in TensorFlow.js, which keeps " +
    "0.88 of the nominal deviation. f is activationScaleFactor or, where layers of that width " +
    "vary more, exp(3 s), with s the standard deviation of ln rms(a) over draws. If " +
    "activationTarget is not 0, low and high are activationTarget and f is activationScaleFactor. " +
    "It is an error if the signal is measured to die, and a warning otherwise: Adam trains " +
    "networks whose activations are 1000 times too small. The assertion fails on warnings too, unless He, LeCun, Glorot " +
    "or orthogonal kernels explain the deviation and it is at most 30 times too small or 10 times " +
    "too large.",
  source: "after TheDeepChecker; Poole et al. 2016 for the prediction; s after Hanin & Nica " +
    "2018; LSUV (Mishkin & Matas 2016).",
  misleads:
    "A critical tanh network's activations shrink with depth, and that is healthy: the rule " +
    "therefore compares with the prediction. Glorot initialisation, the default of TensorFlow.js, " +
    "loses a factor of sqrt(2) per relu layer, which a shallow network survives. Convolutions " +
    "with zero padding on small maps lose some signal at their borders. A layer whose scale a " +
    "normalisation corrects is not judged, and a kernel in a branch that is added to a larger " +
    "signal can be up to 30 times smaller. Adam corrects a wrong scale in a few hundred steps, so it " +
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
    "of `activationTarget`, if given. Judges every layer with a kernel that theory describes, in " +
    "a network of any graph, on at least 8 examples (`minExamples`).",
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
    const network = networkOf(measurements);
    if (batch.examples < thresholds.minExamples) {
      return [tooFewExamples(batch.examples, thresholds.minExamples)];
    }
    const fix = once(() => rescaling(subject));
    const dies = once(() => signalDies(subject));
    const outputs = new Set(theoryLayers(network).map((layer) => outputOf(layer, network.graph)));
    // Constant outputs may be meant, as those of a gate or a residual branch of zeros.
    const isMeant = (layer: LayerMeasurements) =>
      layer.activations?.std === 0 && (network.theory.branches.has(layer) || !dies());
    return layers.filter((layer) => outputs.has(layer)).flatMap((layer): Verdict[] => {
      if (isMeant(layer)) return [];
      const scale = scaleOf(layer, subject);
      if (scale === null) return [];
      const { std, off, expected, limit, isUsual } = scale;
      return [{
        severity: !isUsual && dies() ? "error" : "warning",
        kind: `${isUsual ? "" : "too-"}${off < 1 ? "small" : "large"}`,
        layer: layer.name,
        measured: off,
        expected: between(1 / limit, limit),
        threshold: "activationScaleFactor",
        figures: {
          std: figure(std, "std(a)"),
          factor: figure(off, "std(a) / expected std(a)"),
          expected: figure(expected, "std(a)"),
        },
        message: sayScale(layer.name, std, expected, limit),
        fix: fix(),
      }];
    });
  },
});

/** Deviation of a layer's outputs from those of healthy networks. */
interface Scale {
  /** Standard deviation of the outputs. */
  std: number;
  /** The nearest healthy one. */
  expected: number;
  /** Factor between the two. */
  off: number;
  /** Largest healthy factor, up or down. */
  limit: number;
  /** True if the way in which the kernels were drawn explains the deviation. */
  isUsual: boolean;
}

/** Returns the scale of a layer's outputs, or `null` if it is healthy or not known to theory. */
function scaleOf(
  { name, activations }: LayerMeasurements,
  { measurements, thresholds }: Case<"activationScaleFactor" | "activationTarget">,
): Scale | null {
  const { activationScaleFactor, activationTarget: target } = thresholds;
  if (activations === null || activations.nonFinite > 0) return null;
  const { std } = activations;
  if (target > 0) {
    const off = std / target;
    const limit = activationScaleFactor;
    return isWithin(off, limit) ? null : { std, expected: target, off, limit, isUsual: false };
  }
  const { theory } = networkOf(measurements);
  const critical = theory.critical.map((states) => states.get(name));
  if (!critical.every((one) => one !== undefined)) return null;
  const healthy = critical.map(deviationOf);
  const doubt = Math.max(...critical.map(({ doubt }) => doubt.activations));
  const limit = Math.max(activationScaleFactor, Math.exp(CHANCE * doubt));
  const off = offOf(std, healthy);
  if (isWithin(off, limit)) return null;
  const usual = theory.usual.get(name);
  const mostUsual = off < 1 ? USUALLY_OFF.small : USUALLY_OFF.large;
  const isUsual = usual !== undefined && isWithin(off, Math.max(mostUsual, limit)) &&
    isWithin(offOf(std, [...healthy, deviationOf(usual)]), limit);
  const expected = off < 1 ? Math.min(...healthy) : Math.max(...healthy);
  return { std, expected, off, limit, isUsual };
}

function deviationOf({ activations: { meanSquare, mean } }: Prediction): number {
  return Math.sqrt(Math.max(0, meanSquare - mean ** 2));
}

function sayScale(layer: string, std: number, expected: number, limit: number): Sentence {
  return say`The outputs of \`${layerName(layer)}\` are too ${
    std < expected ? say`small` : say`large`
  }: spread ${figure(std, "std(a)")}, should be about ${number(expected)} (${
    number(expected / limit)
  } to ${number(expected * limit)}).`;
}

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
