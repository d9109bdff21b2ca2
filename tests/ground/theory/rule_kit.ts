import { assert, assertEquals } from "@std/assert";
import type { Context, Gradient, NetworkNode, Signal } from "../../../src/ground/theory/signal.ts";

/** A signal in which no two figures are equal, with the given changes. */
export function makeSignal(given: Partial<Signal> = {}): Signal {
  return {
    meanSquare: 2.3,
    mean: 0.7,
    alike: 1.1,
    near: 1.6,
    entries: 6 * 5,
    spread: 0.3,
    aligned: 0.31,
    vague: false,
    ...given,
  };
}

/** The same of a gradient. */
export function makeGradient(given: Partial<Gradient> = {}): Gradient {
  return {
    square: 7,
    alike: 1.3,
    near: 2.9,
    along: 0.4,
    spread: 0.17,
    aligned: 0.23,
    ...given,
  };
}

/** A layer of 5 units on 6 examples, of which nothing was measured. */
export function makeNode(given: Partial<NetworkNode> = {}): NetworkNode {
  const shape = given.shape ?? [6, 5];
  const entries = shape.reduce((product, size) => product * size, 1);
  return {
    name: "layer",
    kind: "dense",
    operation: null,
    activation: null,
    inputs: ["below"],
    calls: 1,
    shape,
    entries,
    inner: entries,
    weights: [],
    measured: {
      activations: null,
      preActivations: null,
      activationGradients: null,
      preActivationGradients: null,
    },
    isOutput: false,
    ...given,
  };
}

/** A batch of 6 examples, and what a layer reads. */
export function makeContext(
  shapes: readonly (readonly number[] | null)[] = [[6, 5]],
  settle: Context["settle"] = (_, z) => z,
): Context {
  return { examples: 6, shapesOf: () => shapes, settle };
}

/** Holds every figure of an object against what is expected, relative to it; absent ones must be absent. */
export function assertFigures(found: object, expected: object, tolerance = 1e-9, of = ""): void {
  const given = (record: object) =>
    Object.entries(record).filter(([, value]) => value !== undefined).map(([key]) => key).sort();
  assertEquals(given(found), given(expected), of);
  for (const [key, value] of Object.entries(expected)) {
    const is = (found as Record<string, unknown>)[key];
    const name = `${of} ${key}`;
    if (typeof value === "number") assertNear(is as number, value, tolerance, name);
    else if (typeof value === "object" && value !== null) {
      assertFigures(is as object, value, tolerance, name);
    } else assertEquals(is, value, name);
  }
}

/** Holds a figure against another, relative to it. */
export function assertNear(found: number, expected: number, tolerance = 1e-9, of = ""): void {
  const isNear = Math.abs(found - expected) <= tolerance * Math.max(Math.abs(expected), 1e-3);
  assert(isNear, `${of} is ${found}, expected ${expected}`);
}

/** The mean of f over a normal variable, by Simpson's rule on a fine grid. */
export function normalMean(f: (z: number) => number, mean: number, variance: number): number {
  const reach = 9;
  const steps = 3600;
  const step = 2 * reach / steps;
  let sum = 0;
  let total = 0;
  for (let i = 0; i <= steps; i++) {
    const t = -reach + i * step;
    const weight = (i === 0 || i === steps ? 1 : i % 2 === 1 ? 4 : 2) * Math.exp(-t * t / 2);
    sum += weight * f(mean + Math.sqrt(variance) * t);
    total += weight;
  }
  return sum / total;
}

/** The mean of f over two normal variables of one distribution that are correlated. */
export function normalPairMean(
  f: (z: number) => number,
  { mean, variance, correlation }: { mean: number; variance: number; correlation: number },
): number {
  const reach = 96;
  const steps = 16;
  const at = (x: number) => f(mean + Math.sqrt(variance) * x);
  // A jump at 0 lies midway between two points of the grid.
  const shift = -mean / Math.sqrt(variance);
  const start = shift - Math.round(shift * steps) / steps - 1 / (2 * steps);
  let sum = 0;
  let total = 0;
  for (let i = -reach; i <= reach; i++) {
    // Given one of them, the other is normal about the share that they have in common.
    for (let j = -reach; j <= reach; j++) {
      const t = start + i / steps;
      const u = start + j / steps;
      const weight = Math.exp(-(t * t + u * u) / 2);
      const other = correlation * t + Math.sqrt(1 - correlation ** 2) * u;
      sum += weight * at(t) * at(other);
      total += weight;
    }
  }
  return sum / total;
}

/** Draws, and gives the mean of each figure. */
export function meanOfDraws<Name extends string>(
  draws: number,
  draw: () => Record<Name, number>,
): Record<Name, number> {
  const sums = {} as Record<Name, number>;
  for (let i = 0; i < draws; i++) {
    for (const [name, value] of Object.entries(draw()) as [Name, number][]) {
      sums[name] = (sums[name] ?? 0) + value / draws;
    }
  }
  return sums;
}
