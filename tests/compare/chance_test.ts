import { assertAlmostEquals, assertEquals } from "@std/assert";
import { type Chance, chanceOf } from "../../src/compare/compare_measurements.ts";
import type { LayerMeasurements, Measurements } from "../../src/measure/measurements.ts";
import { networkOf } from "../../src/rules/network/network.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
} from "../networks/measurements.ts";

/** Figures of a layer that theory does not know. */
interface Row extends Partial<LayerMeasurements> {
  name: string;
  shape: number[];
  inputs: string[];
  /** Number of entries of the kernel. Default: there is no kernel. */
  kernel?: number;
}

const UNKNOWN = { className: "Mine", kind: "opaque" as const };

/** Makes layers that theory does not know, the last of which is the head. */
function unknown(rows: Row[], draw: number, given: Partial<Measurements["batch"]> = {}) {
  const layers = rows.map(({ kernel, ...row }, i) => {
    const weights = kernel === undefined
      ? []
      : [makeWeight({ shape: [1, kernel], name: "kernel", values: flat(draw, kernel) })];
    const make = i === rows.length - 1 ? makeHead : makeLayer;
    return make({ ...UNKNOWN, weights, ...row });
  });
  const measurements = makeMeasurements([], { layers });
  return { ...measurements, batch: { ...measurements.batch, ...given } };
}

/** The chance of each layer of two runs, by name. */
function chances(before: Measurements, after: Measurements): Record<string, Chance> {
  const pairs = before.layers.map((layer, i) => [layer, after.layers[i]] as const);
  const chance = chanceOf(before, after, pairs);
  return Object.fromEntries(pairs.map((pair) => [pair[0].name, chance(pair)]));
}

/** Four standard deviations of the difference of two numbers of this variance. */
const limit = (variance: number) => 4 * Math.sqrt(2 * variance);

function assertLimits(chance: Chance, expected: Partial<Record<keyof Chance, number>>): void {
  for (const [name, variance] of Object.entries(expected)) {
    const found = Math.log(chance[name as Exclude<keyof Chance, "shareAt">]);
    assertAlmostEquals(found, limit(variance), 1e-12, name);
  }
}

/** 1 / (2 n), the variance of the logarithm of the size of n numbers. */
const size = (n: number) => 1 / (2 * n);

const ROWS: Row[] = [
  { name: "a", shape: [32, 50], inputs: [], kernel: 1000 },
  { name: "b", shape: [32, 7, 200], inputs: ["a"], kernel: 10_000 },
  { name: "c", shape: [32, 10], inputs: ["b"], kernel: 2000 },
];

Deno.test("chanceOf() adds the variances of the layers on the way where theory predicts none", () => {
  const [before, after] = [0.1, 0.2].map((draw) => unknown(ROWS, draw));
  assertEquals(networkOf(before).theory.predicted.size, 0);
  const { a, b, c } = chances(before, after);
  const below = size(50);
  const ofB = below + size(200);
  const ofC = ofB + size(10);
  assertLimits(a, { kernel: size(1000), activation: below });
  assertLimits(b, { kernel: size(10_000), activation: ofB });
  assertLimits(c, { kernel: size(2000), activation: ofC });
  // The gradient at the output is as uncertain as the output.
  assertLimits(a, { delta: below + ofC, gradient: below + ofC + size(1000) });
  assertLimits(b, { delta: ofB + ofC, gradient: ofB + ofC + below + size(10_000) });
});

Deno.test("chanceOf() takes the most uncertain input of several, and the most uncertain output", () => {
  const rows: Row[] = [
    { name: "wide", shape: [32, 500], inputs: [] },
    { name: "narrow", shape: [32, 2], inputs: [] },
    { name: "sum", shape: [32, 100], inputs: ["wide", "narrow"], kernel: 1000 },
    { name: "head", shape: [32, 4], inputs: ["sum"], kernel: 400 },
  ];
  const [before, after] = [0.1, 0.2].map((draw) => unknown(rows, draw));
  const { sum } = chances(before, after);
  const ofSum = size(2) + size(100);
  assertLimits(sum, { activation: ofSum, delta: ofSum + ofSum + size(4) });
});

Deno.test("chanceOf() gives the outputs of a softmax no uncertainty of their own", () => {
  const head = { ...ROWS[2], activation: "softmax", inputs: ["a"] };
  const [before, after] = [0.1, 0.2].map((draw) => unknown([ROWS[0], head], draw));
  assertLimits(chances(before, after).c, { activation: size(50) });
});

Deno.test("chanceOf() adds what differs between two batches", () => {
  const before = unknown(ROWS, 0.1);
  for (
    const other of [
      { inputs: { ...before.batch.inputs, mean: 0.1 } },
      { inputs: { ...before.batch.inputs, std: 2 } },
    ]
  ) {
    const { a } = chances(before, unknown(ROWS, 0.1, other));
    const ofC = size(50) + size(200) + size(10);
    // 640 entries of 32 examples.
    assertLimits(a, {
      activation: size(50) + size(640),
      delta: size(50) + ofC + size(32),
      gradient: size(50) + ofC + size(32) + size(1000),
    });
  }
  const more = chances(before, unknown(ROWS, 0.1, { examples: 8 }));
  // Of two different runs the surer counts.
  assertLimits(more.a, { activation: size(50) + size(640) });
});

Deno.test("chanceOf() leaves 1 % to chance where draw and batch are the same", () => {
  const { b } = chances(unknown(ROWS, 0.1), unknown(ROWS, 0.1));
  const factors = [b.kernel, b.gradient, b.activation, b.delta];
  assertEquals(factors, Array(4).fill(Math.exp(0.01)));
  assertEquals([b.shareAt(0), b.shareAt(0.5)], [0.01, 0.01]);
});

Deno.test("chanceOf() counts the units of the last axis where it judges a share", () => {
  const [before, after] = [0.1, 0.2].map((draw) => unknown(ROWS, draw));
  const { b } = chances(before, after);
  for (const share of [0, 0.3, 1]) {
    // One unit of either kind is added.
    const p = (share * 200 + 1) / 202;
    assertAlmostEquals(b.shareAt(share), 4 * Math.sqrt(2 * p * (1 - p) / 200), 1e-12);
  }
});

Deno.test("chanceOf() takes the surer of two layers of different widths", () => {
  const wide = [{ ...ROWS[0], shape: [32, 5000] }, ...ROWS.slice(1)];
  const { a } = chances(unknown(ROWS, 0.1), unknown(wide, 0.2));
  assertLimits(a, { activation: size(5000) });
});

Deno.test("chanceOf() counts a head of one unit as one number", () => {
  const head = { ...ROWS[2], shape: [32, 1], inputs: ["a"] };
  const [before, after] = [0.1, 0.2].map((draw) => unknown([ROWS[0], head], draw));
  assertLimits(chances(before, after).c, { activation: size(50) + size(1) });
});
