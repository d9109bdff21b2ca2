import { activationSpread } from "../theory/activation_spread.ts";
import { criticalGain } from "../theory/critical_gain.ts";
import { gain } from "../theory/gain.ts";
import type { MeanFieldState } from "../theory/mean_field.ts";
import { criticalStates } from "./critical_states.ts";
import { defineRule } from "./define_rule.ts";
import { falsePositives } from "./false_positives.ts";
import { formatNumber } from "./format.ts";
import type { Verdict } from "./judge.ts";
import type { KernelLayer } from "./kernel_chain.ts";
import { noTheory } from "./no_theory.ts";
import { once } from "./once.ts";
import { plainChain } from "./plain_chain.ts";
import { rescaleAdvice } from "./rescale_advice.ts";
import type { Rule } from "./rule.ts";
import { tooFewExamples } from "./too_few_examples.ts";

/** The rule `activation-scale`: activations as large as those of a critical network. */
export const activationScale: Rule = defineRule(
  {
    name: "activation-scale",
    assertion: "assertActivationScale",
    problem: "activations of the wrong scale",
    stage: "initial",
    summary:
      "The activations of each hidden layer spread about as much as in a critical network of " +
      "that depth and activation.",
    formula:
      "low / f <= std(a) <= high f, std over units and examples; low and high are the mean-field " +
      "prediction at criticality for the measured inputs, alike but for selu, which has two critical " +
      "scales (sigma_w 1 and 0.69), and f is activationScaleFactor or, where layers of that width " +
      "wander further, exp(3 s), s the standard deviation of ln rms(a) over draws; or low and high are " +
      "activationTarget, where that is not 0, and f is activationScaleFactor.",
    thresholds: ["activationScaleFactor", "activationTarget", "minExamples"],
    source: "after TheDeepChecker; Poole et al. 2016 for the prediction; s after Hanin & Nica " +
      "2018; LSUV (Mishkin & Matas 2016).",
    misleads:
      "A critical tanh network's activations shrink with depth, and that is healthy: hence " +
      "the prediction. Convolutions with zero padding on small maps lose some at their borders.",
    fix: "Scale each kernel to its activation.",
    falsePositives: falsePositives(
      { draws: 1600 },
      "Of 100 critical tanh networks of 20 units and 30 layers 1 fails, of 10 layers none; of 100 He " +
        "relu networks of 64 units and 30 layers 1.",
    ),
  },
  { title: "std of a", scale: "log", of: ({ activations }) => activations?.std ?? null },
  ({ layers, measurements, thresholds }) => {
    const { batch } = measurements;
    const chain = plainChain(measurements);
    if (typeof chain === "string") return [noTheory(chain)];
    if (batch.examples < thresholds.minExamples) {
      return [tooFewExamples(batch.examples, thresholds.minExamples)];
    }
    const alternatives = [gain, criticalGain]
      .map((gainOf) => criticalStates(chain, batch.inputs.rms ** 2, gainOf));
    const advice = once(() =>
      rescaleAdvice(layers, measurements.layers) ?? "Normalise the inputs, or look at the biases."
    );
    const wander = once(() => wandersOf(chain, batch.inputs.rms ** 2));
    const names = new Set(layers.map(({ name }) => name));
    return chain.flatMap(({ output: { name, activations } }, index): Verdict[] => {
      if (activations === null || activations.nonFinite > 0) return [];
      if (!names.has(name)) return [];
      const { activationTarget: target, activationScaleFactor } = thresholds;
      const [low, high] = target > 0 ? [target, target] : bounds(alternatives, index);
      const expected = activations.std < low ? low : high;
      const off = activations.std / expected;
      const isWithin = (limit: number) =>
        activations.std >= low / limit && activations.std <= high * limit;
      if (isWithin(activationScaleFactor)) return [];
      const limit = target > 0
        ? activationScaleFactor
        : Math.max(activationScaleFactor, wander()[index]);
      if (isWithin(limit)) return [];
      const range = `${formatNumber(1 / limit)} .. ${formatNumber(limit)}`;
      return [{
        severity: "error",
        layer: name,
        measured: off,
        expected: range,
        threshold: "activationScaleFactor",
        message: `The standard deviation of a in ${name} is ${formatNumber(activations.std)}, ` +
          `${formatNumber(off)} times the ${formatNumber(expected)} ` +
          `${target > 0 ? "asked for" : "of a critical network"}; expected ${range} times ` +
          `(activationScaleFactor${
            limit > activationScaleFactor
              ? ` ${formatNumber(activationScaleFactor)}, widened for this width and depth`
              : ""
          }).`,
        advice: advice(),
      }];
    });
  },
);

/** From what to what std(a) may be in critical networks: selu has two scales that are healthy. */
function bounds(alternatives: MeanFieldState[][], index: number): [number, number] {
  const deviations = alternatives.map((states) => states[index].activationDeviation);
  return [Math.min(...deviations), Math.max(...deviations)];
}

/** By what factor a healthy std(a) may be off the mean field: three standard deviations of its logarithm. */
function wandersOf(chain: KernelLayer[], inputMeanSquare: number): number[] {
  const layers = chain.map(({ activation, kernel: { shape } }) => ({
    activation,
    weightVariance: (gain(activation) ?? 1) ** 2,
    width: shape[shape.length - 1],
  }));
  return activationSpread(layers, inputMeanSquare).map((spread) => Math.exp(3 * spread));
}
