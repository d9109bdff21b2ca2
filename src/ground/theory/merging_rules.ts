import { activationTraits } from "../traits/activation_traits.ts";
import { kinkNear, roughMean } from "./gaussian_mean.ts";
import { rescalingRule } from "./passing_rules.ts";
import { type Gradient, type LayerRule, scaleGradient, type Signal, unitsOf } from "./signal.ts";

/**
 * Adds inputs. Branches of random weights are independent, so their squares add up, and their
 * means. Calls of a shared layer share its weights, so their common part adds up as well.
 */
export const additionRule: LayerRule = (node, inputs, context) => {
  if (node.operation !== "scaled") return added(node, inputs, 1);
  if (inputs.length !== 2) return null;
  const scaled = rescalingRule(node, [inputs[1]], context);
  const sum = scaled && added(node, inputs.with(1, scaled.a), 1);
  return sum && {
    ...sum,
    back(gradient) {
      const [first, second] = sum.back(gradient).inputs!;
      return { delta: null, inputs: [first, scaled.back(second).inputs![0]] };
    },
  };
};

/** Rule for the other supported merges: average and product. */
export const mergeRule: LayerRule = (node, inputs) => {
  const operands = node.operands ?? inputs.length;
  if (node.operation === "average") return added(node, inputs, 1 / operands);
  if (node.operation !== "product" || inputs.length !== 2 || operands !== 2) return null;
  const [left, right] = inputs;
  const product = (key: "meanSquare" | "mean" | "alike" | "near") => left[key] * right[key];
  const meanSquare = product("meanSquare");
  const a: Signal = {
    meanSquare,
    mean: product("mean"),
    alike: product("alike"),
    near: product("near"),
    entries: node.entries,
    spread: together([left, right], () => 1) + 2 / unitsOf(node),
    aligned: Math.max(left.aligned, right.aligned),
    vague: left.vague || right.vague,
  };
  return {
    z: null,
    a,
    back(gradient) {
      const share = (other: Signal, own: Signal) => {
        // An operand broadcast over more positions than it has gets the sum of their gradients.
        const copies = node.entries / own.entries;
        const shared = (copies - 1) * gradient.near * other.near;
        return {
          ...gradient,
          square: gradient.square * other.meanSquare + shared,
          alike: gradient.alike * other.alike * copies,
          near: gradient.near * other.near * copies,
          along: 0,
          chosen: undefined,
        };
      };
      return { delta: null, inputs: [share(right, left), share(left, right)] };
    },
  };
};

function added(
  node: Parameters<LayerRule>[0],
  inputs: readonly Signal[],
  factor: number,
): ReturnType<LayerRule> {
  const operands = node.operands ?? inputs.length;
  // A shared layer's input is read once per call, each time with other examples.
  const copies = inputs.length === 1 ? operands : 1;
  if (inputs.length === 0 || copies === 1 && operands !== inputs.length) return null;
  const sum = (key: "meanSquare" | "mean" | "alike" | "near") =>
    inputs.reduce((total, signal) => total + signal[key], 0);
  const mean = sum("mean");
  // Two different branches share only their means.
  const cross = mean ** 2 - inputs.reduce((total, signal) => total + signal.mean ** 2, 0);
  const own = copies * (copies - 1) * inputs[0].alike;
  const through = (key: "meanSquare" | "alike" | "near") =>
    factor ** 2 * (copies * sum(key) + cross + own);
  const meanSquare = through("meanSquare");
  const alike = through("alike");
  const share = (signal: Signal) =>
    meanSquare > 0 ? factor ** 2 * copies * signal.meanSquare / meanSquare : 0;
  const a: Signal = {
    meanSquare,
    mean: factor * copies * mean,
    alike,
    near: through("near"),
    entries: node.entries,
    spread: together(inputs, share),
    aligned: Math.max(
      inputs.reduce((total, signal) => total + share(signal) ** 2 * signal.aligned, 0),
      meanSquare > 0 ? Math.min(1, (alike / meanSquare) ** 2) : 0,
    ),
    vague: inputs.some(({ vague }) => vague),
  };
  const sent = (gradient: Gradient, signal: Signal) => {
    const share = inStep(gradient, signal);
    // Further residual blocks are correlated too, by about as much again.
    const spread = (Math.sqrt(gradient.spread) + Math.abs(Math.log(share))) ** 2;
    return { ...scaleGradient(gradient, copies * factor ** 2 * share), spread };
  };
  return {
    z: null,
    a,
    back: (gradient) => ({ delta: null, inputs: inputs.map((signal) => sent(gradient, signal)) }),
  };
}

/**
 * Returns the factor by which the active units of a summand receive more gradient than average. If
 * both the summand and the sum go through a relu, units active below are more often active above;
 * this accumulates over a row of residual blocks.
 */
function inStep({ through }: Gradient, { normal, ...signal }: Signal): number {
  if (through === undefined || normal === undefined) return 1;
  const isOneSided = activationTraits(normal.activation)?.flat?.oneSided === true;
  if (!isOneSided || !(through.slopeSquare > 0)) return 1;
  const below = activationTraits(normal.activation)!.curve!;
  const above = activationTraits(through.activation)!.curve!;
  const rest = Math.sqrt(Math.max(0, through.variance - (signal.meanSquare - signal.mean ** 2)));
  const shift = through.mean - signal.mean;
  const kink = kinkNear(above, through.mean);
  const deviation = Math.sqrt(normal.variance);
  const over = (f: (z: number) => number) =>
    roughMean(
      (u) => f(normal.mean + deviation * u),
      (kinkNear(below, normal.mean) - normal.mean) / deviation,
    );
  const own = over((z) => below.derivative(z) ** 2);
  const both = over((z) => {
    const passed = below.derivative(z) ** 2;
    const middle = below.value(z) + shift;
    return passed > 0
      ? passed * roughMean((t) => above.derivative(middle + rest * t) ** 2, (kink - middle) / rest)
      : 0;
  });
  return own > 0 ? both / own / through.slopeSquare : 1;
}

/** Concatenates inputs: averages moments, weighted by the number of entries. */
export const concatenationRule: LayerRule = (node, inputs) => {
  const entries = inputs.reduce((total, signal) => total + signal.entries, 0);
  if (entries === 0) return null;
  const share = (signal: Signal) => signal.entries / entries;
  const mean = (key: "meanSquare" | "mean" | "alike" | "near" | "aligned") =>
    inputs.reduce((total, signal) => total + share(signal) * signal[key], 0);
  const meanSquare = mean("meanSquare");
  const a: Signal = {
    meanSquare,
    mean: mean("mean"),
    alike: mean("alike"),
    near: mean("near"),
    entries: node.entries,
    spread: together(
      inputs,
      (signal) => meanSquare > 0 ? share(signal) * signal.meanSquare / meanSquare : 0,
    ),
    aligned: mean("aligned"),
    vague: inputs.some(({ vague }) => vague),
    uneven: unevenness(inputs, share),
    normal: inputs.length === 1 ? inputs[0].normal : undefined,
  };
  return {
    z: null,
    a,
    back: (gradient) => ({
      delta: null,
      inputs: inputs.map((signal) => scaleGradient(gradient, share(signal))),
    }),
  };
};

/**
 * Returns the inequality of the parts: the variance of the ratio of their variances to the mean
 * variance.
 */
function unevenness(inputs: readonly Signal[], share: (signal: Signal) => number): number {
  const own = ({ meanSquare, alike }: Signal) => meanSquare - alike;
  const mean = inputs.reduce((total, signal) => total + share(signal) * own(signal), 0);
  if (!(mean > 0)) return 0;
  return inputs.reduce((total, signal) => total + share(signal) * (own(signal) / mean - 1) ** 2, 0);
}

/** Returns an upper bound of a sum's spread, as if all parts deviated together. */
function together(signals: readonly Signal[], share: (signal: Signal) => number): number {
  return signals.reduce((sum, signal) => sum + share(signal) * Math.sqrt(signal.spread), 0) ** 2;
}
