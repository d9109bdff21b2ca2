import { type Gradient, type NetworkNode, type Signal, unitsOf } from "./signal.ts";

export interface NetworkInput {
  /** Shape, examples first. */
  shape: readonly number[];
  /** Mean of the squared entries. */
  meanSquare: number;
  /** Mean of the entries. */
  mean: number;
  /** True if the entries are independent random numbers; in data, neighbours are alike. */
  random: boolean;
}

/** Returns the signal of a network input. */
export function ofInput({ shape, meanSquare, mean, random }: NetworkInput): Signal {
  const entries = shape.reduce((product, size) => product * size, 1);
  const common = mean ** 2;
  const features = Math.max(1, entries / Math.max(1, shape[0]));
  return {
    meanSquare,
    mean,
    alike: common,
    near: random ? common : (common + meanSquare) / 2,
    entries,
    spread: 0,
    aligned: Math.max(1 / features, meanSquare > 0 ? (common / meanSquare) ** 2 : 0),
    vague: !random,
  };
}

/** Returns the measured signal, used if no rule can predict it. */
export function ofMeasured(node: NetworkNode): Signal | null {
  const { activations } = node.measured;
  if (activations === null) return null;
  const { meanSquare, mean } = activations;
  return {
    meanSquare,
    mean,
    alike: mean ** 2,
    near: (mean ** 2 + meanSquare) / 2,
    entries: node.entries,
    spread: 0,
    aligned: 1,
    vague: true,
  };
}

/** Scales a predicted z to the measured size. */
export function asMeasured({ measured: { preActivations } }: NetworkNode, z: Signal): Signal {
  if (preActivations === null || !(z.meanSquare > 0)) return z;
  const factor = preActivations.meanSquare / z.meanSquare;
  return {
    ...z,
    meanSquare: preActivations.meanSquare,
    mean: preActivations.mean,
    alike: z.alike * factor,
    near: z.near * factor,
    spread: 0,
  };
}

/** Returns the measured gradient, or `null` if there is none. */
export function measuredGradient(
  node: NetworkNode,
  figure: "activationGradients" | "preActivationGradients",
): Gradient | null {
  const measured = node.measured[figure];
  if (measured === null) return null;
  const { square, mean } = measured;
  const entries = figure === "activationGradients" ? node.entries : node.inner;
  const alike = Math.min(square, mean ** 2 * entries);
  const share = square > 0 ? alike / square : 0;
  return {
    square,
    alike,
    near: alike,
    along: 0,
    spread: 0,
    aligned: Math.max(share ** 2, 1 / unitsOf(node)),
  };
}
