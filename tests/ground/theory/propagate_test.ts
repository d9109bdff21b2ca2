import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { meanField } from "../../../src/ground/theory/mean_field.ts";
import type { NetworkNode } from "../../../src/ground/theory/signal.ts";
import { dense, EXAMPLES, follow, head, node, none, UNITS } from "../../networks/signal_nodes.ts";

const plain = (name: string, kind: NetworkNode["kind"], inputs: string[]) =>
  node(name, { kind, inputs });

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
  // The outputs of a shared layer in two calls share its weights: equal examples add up.
  const twice = { ...plain("sum", "addition", ["a"]), operands: 2 };
  assertAlmostEquals(follow([dense("a", ["input"])], { mean: 0 }).size("a"), 1);
  assertAlmostEquals(follow([dense("a", ["input"]), twice]).size("sum"), 2, 1e-9);
  assertAlmostEquals(follow([dense("a", ["input"]), twice], { mean: 1 }).size("sum"), 4, 1e-9);
});

Deno.test("propagate() scales the second summand of a scaled addition, and its gradient", () => {
  const sum = (rescaling: object) => ({
    ...plain("sum", "addition", ["a", "b"]),
    operation: "scaled" as const,
    ...rescaling,
  });
  const nodes = (rescaling: object) => [
    dense("a", ["input"], 2),
    dense("b", ["input"], 3),
    sum(rescaling),
    head("sum"),
  ];
  const { size, delta } = follow(nodes({ rescaling: { scale: 0.5, offset: 0 } }));
  assertAlmostEquals(size("sum"), 4 + 9 / 4);
  assertAlmostEquals(delta("a"), 1);
  assertAlmostEquals(delta("b"), 1 / 4);
  // An unknown factor is not 1.
  assert(!follow(nodes({})).has("sum"));
});

Deno.test("propagate() weighs what is put side by side by its entries, and divides gradients so", () => {
  const wide = { ...dense("a", ["input"], 2), entries: 3 * EXAMPLES * UNITS };
  const nodes = [wide, dense("b", ["input"]), plain("both", "concatenation", ["a", "b"])];
  const { size, delta } = follow([...nodes, head("both")]);
  assertAlmostEquals(size("both"), (3 * 4 + 1) / 4);
  assertAlmostEquals(delta("a"), 3 / 4);
  assertAlmostEquals(delta("b"), 1 / 4);
});

Deno.test("propagate() follows what rescales, pads, repeats and looks up", () => {
  const shifted = node("r", { kind: "rescaling", rescaling: { scale: 2, offset: 1 } });
  assertAlmostEquals(follow([shifted], { mean: 0.5 }).size("r"), 4 + 2 + 1);
  const padded = node("p", { kind: "resamples", operation: "pad", entries: 4 * EXAMPLES * UNITS });
  assertAlmostEquals(follow([padded]).size("p"), 1 / 4);
  // Called on one of two inputs in each of its calls, it reads the entries of both.
  const calls = { inputs: ["a", "b"], calls: 2, entries: 8 * EXAMPLES * UNITS };
  const both = follow([dense("a", ["input"]), dense("b", ["input"], 2), { ...padded, ...calls }]);
  assertAlmostEquals(both.size("p"), (1 + 4) / 2 / 4);
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
