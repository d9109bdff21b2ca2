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
      "low / f <= std(a) <= high f, std over units and examples, f = activationScaleFactor " +
      "times exp(sqrt(sum of 5 / width over the relu, leaky relu and linear layers so far)); low and " +
      "high are the mean-field prediction at criticality for the measured inputs, alike but for selu, " +
      "which has two critical scales (sigma_w 1 and 0.69); or activationTarget where that is not 0.",
    thresholds: ["activationScaleFactor", "activationTarget", "minExamples"],
    source: "after TheDeepChecker; Poole et al. 2016 for the prediction; Hanin & Nica " +
      "2018 for the drift; LSUV (Mishkin & Matas 2016).",
    misleads:
      "A critical tanh network's activations shrink with depth, and that is healthy: hence " +
      "the prediction. Convolutions with zero padding on small maps lose some at their borders. Narrow and " +
      "deep networks wander.",
    fix: "Scale each kernel to its activation.",
    falsePositives: falsePositives(
      { draws: 1600 },
      "Narrow and deep networks wander: of 300 critical tanh networks of 20 units and 30 layers 95 fail (32 %), of 10 layers none.",
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
    const names = new Set(layers.map(({ name }) => name));
    const drifts = driftsOf(chain);
    return chain.flatMap(({ output: { name, activations } }, index): Verdict[] => {
      if (activations === null || activations.nonFinite > 0) return [];
      if (!names.has(name)) return [];
      const { activationTarget: target, activationScaleFactor } = thresholds;
      const limit = activationScaleFactor * drifts[index];
      const [low, high] = target > 0 ? [target, target] : bounds(alternatives, index);
      const expected = activations.std < low ? low : high;
      const off = activations.std / expected;
      if (activations.std >= low / limit && activations.std <= high * limit) return [];
      const range = `${formatNumber(1 / limit)} .. ${formatNumber(limit)}`;
      return [{
        severity: "error",
        layer: name,
        measured: off,
        expected: range,
        threshold: "activationScaleFactor",
        message: `The standard deviation of a in ${name} is ${formatNumber(activations.std)}, ` +
          `${formatNumber(off)} times the ${formatNumber(expected)} ` +
          `${target > 0 ? "asked for" : "of a critical network"}; expected ${range} ` +
          `(activationScaleFactor${
            limit > activationScaleFactor ? ", and the drift of depth" : ""
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

/** Activations that keep the ratio of two signals, so that nothing pulls the scale back. */
const SCALE_FREE = ["relu", "leakyRelu", "linear"];

/**
 * By what factor a healthy std(a) may have drifted from the mean field, layer by layer: the logarithm
 * of the squared norm walks by a variance of up to 5 / width a layer (Hanin & Nica 2018), and two of
 * its standard deviations are allowed.
 */
function driftsOf(chain: KernelLayer[]): number[] {
  let variance = 0;
  return chain.map(({ activation, kernel: { shape } }) => {
    if (SCALE_FREE.includes(activation)) variance += 5 / shape[shape.length - 1];
    return Math.exp(Math.sqrt(variance));
  });
}
