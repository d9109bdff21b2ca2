import { activationSpread } from "../../theory/activation_spread.ts";
import { gain } from "../../theory/gain.ts";
import type { MeanFieldState } from "../../theory/mean_field.ts";
import { defineRule } from "../define_rule.ts";
import { CRITICAL_GAINS, criticalStates, cutStates, usualStates } from "../expected_states.ts";
import { falsePositives } from "../false_positives.ts";
import { formatNumber } from "../format.ts";
import type { Case, Verdict } from "../judge.ts";
import { type KernelLayer, plainChain } from "../kernel_chain.ts";
import { noTheory, tooFewExamples } from "../no_verdict.ts";
import { once } from "../once.ts";
import { rescaleAdvice } from "../rescale_advice.ts";
import type { Rule } from "../rule.ts";

/** To so many times too large, a network as Glorot or He draw it is only warned of. */
const USUALLY_LARGE = 10;
/**
 * The same for too small: Glorot's scheme under some five layers of relu of 64 units. Those train as He's
 * do, by SGD and by Adam (and so do twelve, while of sixteen SGD stays where it begins for long).
 */
const USUALLY_SMALL = 30;

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
      "scales (sigma_w 1 and 0.69), and for kernels drawn by a normal whose tails are cut at two " +
      "standard deviations, as TensorFlow.js does, which keeps 0.88 of its own; f is " +
      "activationScaleFactor or, where layers of that width wander further, exp(3 s), s the standard " +
      "deviation of ln rms(a) over draws; or low and high are activationTarget, where that is not 0, " +
      "and f is activationScaleFactor. It only warns where He, LeCun, Glorot or orthogonal kernels " +
      "explain it and it is no more than 30 times too small or 10 times too large.",
    thresholds: ["activationScaleFactor", "activationTarget", "minExamples"],
    source: "after TheDeepChecker; Poole et al. 2016 for the prediction; s after Hanin & Nica " +
      "2018; LSUV (Mishkin & Matas 2016).",
    misleads:
      "A critical tanh network's activations shrink with depth, and that is healthy: hence " +
      "the prediction. Glorot's scheme, the default of TensorFlow.js, takes a factor of sqrt(2) a layer " +
      "from relu, which a shallow network survives. Convolutions with zero padding on small maps lose " +
      "some at their borders.",
    fix: "Scale each kernel to its activation.",
    falsePositives: falsePositives(
      { draws: 1600 },
      "None of 100 critical tanh networks of 20 units and 30 layers fails, and none of 100 He relu " +
        "networks of 64 units and 30 layers.",
    ),
  },
  { title: "std of a", scale: "log", of: ({ activations }) => activations?.std ?? null },
  (subject) => {
    const { layers, measurements, thresholds } = subject;
    const { batch } = measurements;
    const chain = plainChain(measurements);
    if (typeof chain === "string") return [noTheory(chain)];
    if (batch.examples < thresholds.minExamples) {
      return [tooFewExamples(batch.examples, thresholds.minExamples)];
    }
    const inputMeanSquare = batch.inputs.rms ** 2;
    const alternatives = CRITICAL_GAINS.map((gainOf) =>
      criticalStates(chain, inputMeanSquare, gainOf)
    );
    const advice = once(() => cure(subject));
    const cut = once(() =>
      CRITICAL_GAINS.map((gainOf) => cutStates(chain, inputMeanSquare, gainOf))
    );
    const usual = once(() => usualStates(chain, inputMeanSquare));
    const wander = once(() => wandersOf(chain, inputMeanSquare));
    const names = new Set(layers.map(({ name }) => name));
    return chain.flatMap(({ output: { name, activations } }, index): Verdict[] => {
      if (activations === null || activations.nonFinite > 0) return [];
      if (!names.has(name)) return [];
      const { activationTarget: target, activationScaleFactor } = thresholds;
      const limitTo = (factor: number, ...states: MeanFieldState[][]) =>
        isWithin(activations.std, target > 0 ? [target, target] : bounds(states, index), factor);
      if (limitTo(activationScaleFactor, ...alternatives)) return [];
      const limit = target > 0
        ? activationScaleFactor
        : Math.max(activationScaleFactor, wander()[index]);
      const critical = target > 0 ? [] : [...alternatives, ...cut()];
      if (limitTo(limit, ...critical)) return [];
      const [low, high] = target > 0 ? [target, target] : bounds(critical, index);
      const expected = activations.std < low ? low : high;
      const off = activations.std / expected;
      const isUsual = target === 0 && limitTo(limit, ...critical, usual()) &&
        limitTo(Math.max(off < 1 ? USUALLY_SMALL : USUALLY_LARGE, limit), ...critical);
      const range = `${formatNumber(1 / limit)} .. ${formatNumber(limit)}`;
      return [{
        severity: isUsual ? "warning" : "error",
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

function cure({ layers, measurements, thresholds: { activationTarget } }: Case): string {
  if (activationTarget > 0) {
    return `From the first layer up, multiply the kernel by ${formatNumber(activationTarget)} / ` +
      `std(a) and measure again before the next (LSUV).`;
  }
  return rescaleAdvice(layers, measurements.layers) ??
    "Normalise the inputs, or look at the biases.";
}

/** From what to what std(a) may be in critical networks: selu has two scales that are healthy. */
function bounds(alternatives: MeanFieldState[][], index: number): [number, number] {
  const deviations = alternatives.map((states) => states[index].activationDeviation);
  return [Math.min(...deviations), Math.max(...deviations)];
}

function isWithin(value: number, [low, high]: [number, number], factor: number): boolean {
  return value >= low / factor && value <= high * factor;
}

/** By what factor a healthy std(a) may be off the mean field: three standard deviations of its logarithm. */
function wandersOf(chain: KernelLayer[], inputMeanSquare: number): number[] {
  const layers = chain.map(({ activation, units }) => ({
    activation,
    weightVariance: (gain(activation) ?? 1) ** 2,
    width: units,
  }));
  return activationSpread(layers, inputMeanSquare).map((spread) => Math.exp(3 * spread));
}
