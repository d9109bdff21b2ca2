import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { meanField } from "../../src/theory/mean_field.ts";
import { windowTerms } from "../../src/theory/pooling_rule.ts";
import { propagate } from "../../src/theory/propagate.ts";
import type { NetworkNode } from "../../src/theory/signal.ts";

const EXAMPLES = 32;
const UNITS = 64;

const none = {
  activations: null,
  preActivations: null,
  activationGradients: null,
  preActivationGradients: null,
};

/** A layer of 64 units that reads the one before it, or what is given. */
function node(name: string, given: Partial<NetworkNode>): NetworkNode {
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
const dense = (name: string, inputs: string[], sigma = 1, activation = "linear") =>
  node(name, {
    inputs,
    activation,
    layout: "ordinary",
    weights: [
      { name: `${name}/kernel`, shape: [UNITS, UNITS], meanSquare: sigma ** 2 / UNITS, mean: 0 },
    ],
  });

/** A head of sigma_w 1, whose delta has the squared norm 1. */
const head = (...inputs: string[]): NetworkNode => ({
  ...dense("head", inputs),
  isOutput: true,
  measured: { ...none, preActivationGradients: { square: 1, mean: 0 } },
});

const plain = (name: string, kind: NetworkNode["kind"], inputs: string[]) =>
  node(name, { kind, inputs });

function follow(
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

Deno.test("propagate() gives a row of layers what meanField() gives it, forwards and backwards", () => {
  for (const [activation, sigma] of [["tanh", 1.3], ["relu", 1.2], ["gelu", 1]] as const) {
    const names = ["a", "b", "c"];
    const layers = names.map((name, i) =>
      dense(name, [names[i - 1] ?? "input"], sigma, activation)
    );
    const states = meanField(names.map(() => ({ activation, weightVariance: sigma ** 2 })));
    const { size, delta } = follow([...layers, head("c")]);
    names.forEach((name, i) =>
      assertAlmostEquals(size(name), states[i].activationMeanSquare, 1e-5, `${activation} ${name}`)
    );
    assertAlmostEquals(delta("c"), states[2].chi / sigma ** 2, 1e-5);
    assertAlmostEquals(delta("b") / delta("c"), states[1].chi, 1e-5);
    assertAlmostEquals(delta("a") / delta("b"), states[0].chi, 1e-5);
  }
});

Deno.test("windowTerms() leaves out what lies beyond the border", () => {
  const of = (size: number[], padding: "same" | "valid" | "causal", sizes: number[], stride = 1) =>
    windowTerms({ size, strides: size.map(() => stride), padding }, sizes).terms;
  assertEquals(of([3], "valid", [16]), 3);
  assertAlmostEquals(of([3], "same", [16]), (14 * 3 + 2 * 2) / 16, 1e-12);
  assertAlmostEquals(of([3, 3], "same", [16, 16]), (46 / 16) ** 2, 1e-12);
  // Steps at 0, 2 .. 14: zeros after the last one alone.
  assertAlmostEquals(of([3], "same", [16], 2), (7 * 3 + 2) / 8, 1e-12);
  assertAlmostEquals(of([3], "causal", [4]), (1 + 2 + 3 + 3) / 4, 1e-12);
});

const MAP = [EXAMPLES, 4, 4, UNITS];

function convolution(given: Partial<NetworkNode>, kernel: number[]): NetworkNode {
  return node("conv", {
    kind: "convolution",
    activation: "linear",
    layout: "ordinary",
    shape: MAP,
    weights: [{ name: "conv/kernel", shape: kernel, meanSquare: 0.01, mean: 0 }],
    ...given,
  });
}

Deno.test("propagate() knows the fans of convolutions, depthwise and transposed ones", () => {
  const window = { size: [3, 3], strides: [1, 1], padding: "same" as const };
  const size = (layer: NetworkNode) => follow([layer], { shape: MAP }).size("conv");
  const terms = (10 / 4) ** 2;
  assertAlmostEquals(size(convolution({ window }, [3, 3, UNITS, UNITS])), terms * UNITS * 0.01);
  const depthwise = convolution({ window, layout: "depthwise" }, [3, 3, UNITS, 1]);
  assertAlmostEquals(size(depthwise), terms * 0.01);
  const up = { size: [2, 2], strides: [2, 2], padding: "same" as const };
  const transposed = convolution(
    { window: up, layout: "transposed", shape: [EXAMPLES, 8, 8, UNITS] },
    [2, 2, UNITS, UNITS],
  );
  // Each output has one tap of the four.
  assertAlmostEquals(size(transposed), UNITS * 0.01);
});

const pool = (operation: NetworkNode["operation"], shape: number[]) =>
  node("pool", {
    kind: "pool",
    operation,
    shape,
    window: { size: [2, 2], strides: [2, 2], padding: "valid" },
  });

Deno.test("propagate() takes the mean and the largest of independent positions", () => {
  const small = [EXAMPLES, 2, 2, UNITS];
  const of = (operation: NetworkNode["operation"], meanSquare = 1, mean = 0) =>
    follow([pool(operation, small)], { shape: MAP, meanSquare, mean });
  assertAlmostEquals(of("mean").size("pool"), 1 / 4, 1e-9);
  // What is common to all positions stays.
  assertAlmostEquals(of("mean", 2, 1).size("pool"), 1 + 1 / 4, 1e-9);
  // The largest of four standard normals: mean 1.02938, variance 0.49172.
  assertAlmostEquals(of("largest").mean("pool"), 1.02938, 1e-3);
  assertAlmostEquals(of("largest").size("pool"), 1.02938 ** 2 + 0.49172, 1e-3);
});

Deno.test("propagate() adds independent branches by their squares, and their means", () => {
  const nodes = [
    dense("a", ["input"], 2),
    dense("b", ["input"], 3),
    plain("sum", "addition", ["a", "b"]),
    head("sum"),
  ];
  const { size, delta } = follow(nodes);
  assertAlmostEquals(size("sum"), 4 + 9);
  assertAlmostEquals(delta("a"), 1);
  const relus = nodes.map((one) => one.kind === "dense" ? { ...one, activation: "relu" } : one);
  // relu of variance v: mean square v / 2, mean root(v / 2 pi).
  const cross = 2 * 2 * 3 / (2 * Math.PI);
  assertAlmostEquals(follow(relus).size("sum"), (4 + 9) / 2 + cross, 1e-6);
  // What one shared layer puts out in two calls shares its weights: alike examples add up.
  const twice = { ...plain("sum", "addition", ["a"]), operands: 2 };
  assertAlmostEquals(follow([dense("a", ["input"])], { mean: 0 }).size("a"), 1);
  assertAlmostEquals(follow([dense("a", ["input"]), twice]).size("sum"), 2, 1e-9);
  assertAlmostEquals(follow([dense("a", ["input"]), twice], { mean: 1 }).size("sum"), 4, 1e-9);
});

Deno.test("propagate() weighs what is put side by side by its entries, and divides gradients so", () => {
  const wide = { ...dense("a", ["input"], 2), entries: 3 * EXAMPLES * UNITS };
  const nodes = [wide, dense("b", ["input"]), plain("both", "concatenation", ["a", "b"])];
  const { size, delta } = follow([...nodes, head("both")]);
  assertAlmostEquals(size("both"), (3 * 4 + 1) / 4);
  assertAlmostEquals(delta("a"), 3 / 4);
  assertAlmostEquals(delta("b"), 1 / 4);
});

Deno.test("propagate() normalises forwards, and divides by the deviation backwards", () => {
  const norm = (statistics?: "batch") =>
    node("norm", {
      kind: "normalization",
      inputs: ["a"],
      epsilon: 0,
      ...statistics === undefined ? {} : { statistics },
      weights: [
        { name: "norm/gamma", shape: [UNITS], meanSquare: 4, mean: 2 },
        { name: "norm/beta", shape: [UNITS], meanSquare: 0.25, mean: 0.5 },
      ],
    });
  for (const statistics of [undefined, "batch"] as const) {
    const { size, mean, delta } = follow([
      dense("a", ["input"], 3),
      norm(statistics),
      head("norm"),
    ]);
    assertAlmostEquals(size("norm"), 4.25, 1e-9);
    assertAlmostEquals(mean("norm"), 0.5);
    assertAlmostEquals(delta("a"), 4 / 9 * (statistics === undefined ? 1 - 2 / UNITS : 1), 1e-6);
  }
});

Deno.test("propagate() knows that batch normalisation of relus lets gradients grow by 1.21 a layer", () => {
  const nodes: NetworkNode[] = [];
  let last = "input";
  for (let layer = 0; layer < 4; layer++) {
    const [a, b, c] = ["dense", "norm", "relu"].map((name) => `${name} ${layer}`);
    nodes.push(
      dense(a, [last]),
      node(b, { kind: "normalization", inputs: [a], epsilon: 0, statistics: "batch" }),
      node(c, { kind: "activation", activation: "relu", inputs: [b] }),
    );
    last = c;
  }
  const { delta } = follow([...nodes, head(last)]);
  // Yang et al. 2019: pi / (pi - 1), squared.
  assertAlmostEquals(delta("dense 1") / delta("dense 2"), Math.PI / (Math.PI - 1), 2e-3);
});

Deno.test("propagate() follows what rescales, pads, repeats and looks up", () => {
  const shifted = node("r", { kind: "rescaling", rescaling: { scale: 2, offset: 1 } });
  assertAlmostEquals(follow([shifted], { mean: 0.5 }).size("r"), 4 + 2 + 1);
  const padded = node("p", { kind: "resamples", operation: "pad", entries: 4 * EXAMPLES * UNITS });
  assertAlmostEquals(follow([padded]).size("p"), 1 / 4);
  const copied = node("c", { kind: "resamples", operation: "copy", entries: 4 * EXAMPLES * UNITS });
  const up = follow([dense("a", ["input"]), { ...copied, inputs: ["a"] }, head("c")]);
  assertAlmostEquals(up.size("c"), 1);
  assertAlmostEquals(up.delta("a"), 1);
  const table = node("e", {
    kind: "embedding",
    weights: [{ name: "e/embeddings", shape: [100, UNITS], meanSquare: 0.04, mean: 0 }],
  });
  assertAlmostEquals(follow([table]).size("e"), 0.04);
});

Deno.test("propagate() takes what it does not know as it was measured, and goes on from there", () => {
  const measured = {
    ...none,
    activations: { meanSquare: 9, mean: 0 },
    activationGradients: { square: 5, mean: 0 },
  };
  const unknown = node("mine", { kind: "opaque", inputs: ["a"], measured });
  const first = { ...dense("a", ["input"]), measured };
  const { size, delta, has } = follow([first, unknown, dense("b", ["mine"], 2), head("b")]);
  assertEquals([has("a"), has("mine"), has("b")], [true, false, true]);
  assertAlmostEquals(size("b"), 4 * 9);
  assertAlmostEquals(delta("b"), 1);
  assertAlmostEquals(delta("a"), 5);
  // Declared, it grows with its input and sends back what it says.
  const declared = {
    ...unknown,
    declared: { output: { meanSquare: 3, mean: 0 }, gradients: [7], input: 2 },
  };
  const told = follow([first, declared, dense("b", ["mine"], 2), head("b")]);
  assertAlmostEquals(told.size("b"), 4 * 3 / 2);
  assertAlmostEquals(told.delta("a"), 7 * 4);
});

Deno.test("propagate() may take each layer as it was measured for its neighbours", () => {
  const names = ["a", "b"];
  const nodes = names.map((name, i) => ({
    ...dense(name, [names[i - 1] ?? "input"], 2),
    measured: {
      ...none,
      preActivations: { meanSquare: 25, mean: 0 },
      preActivationGradients: { square: 11, mean: 0 },
    },
  }));
  const whole = follow([...nodes, head("b")]);
  assertAlmostEquals(whole.delta("a"), 4);
  const steps = follow([...nodes, head("b")], { anchored: true });
  assertAlmostEquals(steps.size("b"), 25);
  assertAlmostEquals(steps.delta("b"), 1);
  assertAlmostEquals(steps.delta("a"), 4 * 11);
});

Deno.test("propagate() doubts more of narrow layers and of depth, and nothing of a normalised one", () => {
  const relu = (name: string, inputs: string[], units = UNITS) => ({
    ...dense(name, inputs, Math.SQRT2, "relu"),
    weights: [{ name, shape: [UNITS, units], meanSquare: 2 / UNITS, mean: 0 }],
  });
  const { doubt } = follow([relu("a", ["input"]), relu("b", ["a"]), relu("c", ["b"]), head("c")]);
  assert(doubt("a").activations < doubt("b").activations);
  assert(doubt("b").activations < doubt("c").activations);
  assert(doubt("a").deltas > doubt("c").deltas);
  const narrow = follow([relu("a", ["input"], 4)]);
  assertAlmostEquals(narrow.doubt("a").activations / doubt("a").activations, 4, 0.01);
  const norm = node("n", { kind: "normalization", inputs: ["a"], statistics: "batch" });
  assert(follow([relu("a", ["input"]), norm]).doubt("n").activations < 1e-3);
});
