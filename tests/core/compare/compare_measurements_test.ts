import { assert, assertAlmostEquals, assertEquals, assertMatch, assertThrows } from "@std/assert";
import {
  type Chance,
  chanceOf,
  compareMeasurements,
} from "../../../src/core/compare/compare_measurements.ts";
import type { LayerMeasurements, Measurements } from "../../../src/core/measure/measurements.ts";
import { layer, measurements, statistics, weight } from "../../networks/sample.ts";
import { networkOf } from "../../../src/core/rules/network/network.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
} from "../../networks/measurements.ts";

/** So many weights that two draws differ by a factor of exp(4 / 20) = 1.2214 at most. */
const WEIGHTS = 400;

/** A layer whose kernel has this std, and whose figures have these sizes. */
function sized(
  name: string,
  kernel: number,
  { gradient = 0.1, activation = 0.1, delta = 0.1 } = {},
  over: Partial<LayerMeasurements> = {},
): LayerMeasurements {
  const values = statistics(kernel, { std: kernel, count: WEIGHTS });
  const weights = [weight(`${name}/kernel`, gradient, { values })];
  return layer(name, { activation, delta }, { weights, ...over });
}

const NAMES = ["conv1", "conv2", "conv3", "fc"];
type Sizes = Parameters<typeof sized> extends [string, ...infer Rest] ? Rest : never;
const network = (...sizes: Sizes[]) =>
  measurements(sizes.map((size, i) => sized(NAMES[i], ...size)));

Deno.test("compareMeasurements() finds nothing in a run beside itself", () => {
  const run = network([0.3], [0.3]);
  const { same, said, layers } = compareMeasurements(run, structuredClone(run));
  assertEquals([same, said], [true, []]);
  assertEquals(layers.map(({ worst }) => worst), [1, 1]);
  assertEquals(Object.keys(layers[0].figures), ["kernel", "gradient", "activation", "delta"]);
  assertEquals(Object.values(layers[0].figures).map(({ factor }) => factor), [1, 1, 1, 1]);
});

Deno.test("compareMeasurements() says what moved, weights first, and by what factor", () => {
  const before = network([0.3], [0.3], [0.3], [0.3]);
  const small: Sizes = [0.1, { gradient: 1e-4 }];
  const after = network(small, small, small, [0.3]);
  const { said, layers, same } = compareMeasurements(before, after);
  assertEquals(said, [
    "the kernels of conv1, conv2, conv3 are 3 times smaller",
    "their gradients are 1000 times smaller",
  ]);
  assertEquals(same, false);
  assertEquals(layers.map(({ worst }) => Math.round(worst)), [1000, 1000, 1000, 1]);
  assertEquals(layers[0].figures.kernel?.factor?.toFixed(3), "0.333");
});

Deno.test("compareMeasurements() takes for chance what two draws of a kernel may differ by", () => {
  const moved = (factor: number) =>
    compareMeasurements(network([0.3]), network([0.3 * factor])).layers[0].figures.kernel!.moved;
  const limit = Math.exp(4 / Math.sqrt(WEIGHTS));
  assertEquals([moved(limit * 0.999), moved(limit * 1.001)], [false, true]);
  assertEquals([moved(1 / (limit * 0.999)), moved(1 / (limit * 1.001))], [false, true]);
});

Deno.test("compareMeasurements() gives nothing to chance where weights and batch are the same", () => {
  const run = (activation: number, over: Partial<Measurements> = {}) => ({
    ...network([0.3, { activation }]),
    ...over,
  });
  const moved = (other: Measurements) =>
    compareMeasurements(run(0.1), other).layers[0].figures.activation!.moved;
  assertEquals([moved(run(0.10099)), moved(run(0.1012))], [false, true]);
  const { batch } = run(0.1);
  const other = { batch: { ...batch, inputs: { ...batch.inputs, mean: 0.02 } } };
  assertEquals([moved(run(0.1012, other)), moved(run(1, other))], [false, true]);
});

Deno.test("compareMeasurements() judges shares by their amount", () => {
  const run = (saturatedFraction: number, kernel = 0.3) =>
    measurements([sized("fc", kernel, {}, { saturatedFraction })]);
  const saturated = (before: Measurements, after: Measurements) =>
    compareMeasurements(before, after).layers[0];
  // The same weights: one percentage point.
  assertEquals(saturated(run(0.5), run(0.505)).figures.saturated!.moved, false);
  assertEquals(saturated(run(0.5), run(0.52)).figures.saturated!.moved, true);
  assertEquals(saturated(run(0), run(0.01)).figures.saturated!.moved, false);
  // Another draw of 20 units: 4 sqrt(2 p (1 - p) / 20) of p about a half.
  assertEquals(saturated(run(0.5), run(0.8, 0.31)).figures.saturated!.moved, false);
  const far = saturated(run(0), run(0.99, 0.31));
  assertEquals([far.figures.saturated!.moved, Math.round(far.worst)], [true, 100]);
  const { said } = compareMeasurements(run(0), run(0.99));
  assertEquals(said, ["the saturated share of fc is 99 % and was 0 %"]);
});

Deno.test("compareMeasurements() says what no factor says: nothing, and NaN", () => {
  const before = network([0.3, { gradient: 0.1 }]);
  const gone = compareMeasurements(before, network([0.3, { gradient: 0 }]));
  assertEquals(gone.said, ["the gradients of conv1 are 0 and were 0.1"]);
  assertEquals(gone.layers[0].worst, Infinity);
  const broken = network([0.3]);
  broken.layers[0].activations!.nonFinite = 1;
  const { said, layers: [first] } = compareMeasurements(before, broken);
  assertEquals(said, ["the activations of conv1 are NaN and were 0.1"]);
  assertEquals(first.worst, Infinity);
  assertEquals(compareMeasurements(broken, structuredClone(broken)).same, true);
});

Deno.test("compareMeasurements() leaves gradients of different objectives out", () => {
  const mse = { name: "meanSquaredError", value: 1 };
  const before = network([0.3]);
  const after = { ...network([0.3, { gradient: 100, delta: 100 }]), objective: mse };
  const { gradients, said, layers } = compareMeasurements(before, after);
  assertEquals([gradients, said], [false, []]);
  assertEquals(Object.keys(layers[0].figures), ["kernel", "activation"]);
  // A sum grows with its batch, a mean does not.
  const larger = { ...before, batch: { ...before.batch, examples: 64 } };
  assertEquals(compareMeasurements(before, larger).gradients, false);
  const ofLoss = (run: Measurements) => ({ ...run, objective: mse });
  assertEquals(compareMeasurements(ofLoss(before), ofLoss(larger)).gradients, true);
});

Deno.test("compareMeasurements() names the layers that one run alone has", () => {
  const { onlyBefore, onlyAfter, same } = compareMeasurements(
    network([0.3], [0.3]),
    measurements([sized("conv1", 0.3), sized("extra", 0.3)]),
  );
  assertEquals([onlyBefore, onlyAfter, same], [["conv2"], ["extra"], false]);
});

Deno.test("compareMeasurements() refuses what measure() does not return", () => {
  const run = network([0.3]);
  // deno-lint-ignore no-explicit-any -- what a script may pass
  const wrong = { layers: 3 } as any;
  const { message } = assertThrows(() => compareMeasurements(run, wrong), TypeError);
  assert(message.startsWith("after"), message);
});

Deno.test("compareMeasurements() marks what chance explains where it prints itself", () => {
  const printed = (factor: number) =>
    Deno.inspect(compareMeasurements(network([0.3]), network([0.3 * factor])));
  assertMatch(printed(1.1), /conv1\s+x 1\.1 \(chance\)/);
  assertMatch(printed(10), /conv1\s+x 10 /);
  assert(!printed(10).includes("chance"), printed(10));
  assert(!printed(1).includes("chance"), printed(1));
});

Deno.test("compareMeasurements() names a layer as each of the runs does", () => {
  const run = (name: string) => measurements([sized(name, 0.3)]);
  const [{ before, after }] = compareMeasurements(run("dense_1"), run("dense_7")).layers;
  assertEquals([before, after], ["dense_1", "dense_7"]);
});

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
  // The more certain of two different runs counts.
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
