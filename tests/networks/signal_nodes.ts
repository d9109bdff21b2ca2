import { propagate } from "../../src/ground/theory/propagate.ts";
import type { NetworkNode } from "../../src/ground/theory/signal.ts";

export const EXAMPLES = 32;
export const UNITS = 64;

export const none = {
  activations: null,
  preActivations: null,
  activationGradients: null,
  preActivationGradients: null,
};

/** A layer of 64 units that reads the one before it, or what is given. */
export function node(name: string, given: Partial<NetworkNode>): NetworkNode {
  const shape = given.shape ?? [EXAMPLES, UNITS];
  const entries = shape.reduce((product, size) => product * size, 1);
  return {
    name,
    kind: "dense",
    operation: null,
    activation: null,
    inputs: ["input"],
    calls: 1,
    shape,
    entries,
    inner: entries,
    weights: [],
    measured: none,
    isOutput: false,
    ...given,
  };
}

/** A dense layer of that sigma_w. */
export const dense = (name: string, inputs: string[], sigma = 1, activation = "linear") =>
  node(name, {
    inputs,
    activation,
    layout: "ordinary",
    weights: [
      { name: `${name}/kernel`, shape: [UNITS, UNITS], meanSquare: sigma ** 2 / UNITS, mean: 0 },
    ],
  });

/** A head of sigma_w 1, whose delta has the squared norm 1. */
export const head = (...inputs: string[]): NetworkNode => ({
  ...dense("head", inputs),
  isOutput: true,
  measured: { ...none, preActivationGradients: { square: 1, mean: 0 } },
});

export function follow(
  nodes: NetworkNode[],
  { meanSquare = 1, mean = 0, shape = [EXAMPLES, UNITS], anchored = false } = {},
) {
  const inputs = new Map([["input", { shape, meanSquare, mean, random: true }]]);
  const found = propagate(nodes, { examples: EXAMPLES, inputs, anchored });
  return {
    size: (name: string) => found.get(name)!.activations.meanSquare,
    mean: (name: string) => found.get(name)!.activations.mean,
    delta: (name: string) => found.get(name)!.deltas!,
    doubt: (name: string) => found.get(name)!.doubt,
    has: (name: string) => found.has(name),
  };
}
