import { assertEquals } from "@std/assert";
import { propagate } from "../../../src/ground/theory/propagate.ts";
import type { NetworkNode } from "../../../src/ground/theory/signal.ts";
import { assertNear, makeNode } from "./rule_kit.ts";

const UNITS = 5;
const nothing = makeNode().measured;

/** A dense layer of that sigma_w^2. */
const dense = (
  name: string,
  inputs: string[],
  variance: number,
  given: Partial<NetworkNode> = {},
): NetworkNode =>
  makeNode({
    name,
    inputs,
    activation: "linear",
    layout: "ordinary",
    weights: [{
      name: `${name}/kernel`,
      shape: [UNITS, UNITS],
      mean: 0,
      meanSquare: variance / UNITS,
    }],
    ...given,
  });

/** A head whose delta has the squared norm 3. */
const head = (...inputs: string[]) =>
  dense("head", inputs, 1, {
    isOutput: true,
    measured: { ...nothing, preActivationGradients: { square: 3, mean: 0 } },
  });

function follow(nodes: NetworkNode[], given: { anchored?: boolean; inputs?: string[] } = {}) {
  const { anchored, inputs = ["x"] } = given;
  const batch = new Map(inputs.map((name, i) => [
    name,
    { shape: [6, UNITS], meanSquare: i + 1, mean: 0, random: true },
  ]));
  return propagate(nodes, { examples: 6, inputs: batch, anchored });
}

/** The variance of a logarithm, by its doubt. */
const spread = (doubt: number) => (2 * doubt) ** 2;
/** Returns what remains of a spread over 6 examples of this similarity. */
const left = (aligned: number) => aligned + (1 - aligned) / 6;

Deno.test("propagate() adds up what several readers send, and weighs how unsure each is", () => {
  const found = follow([
    dense("a", ["x"], 1),
    dense("b", ["a"], 4, { activation: "relu" }),
    dense("c", ["a"], 9),
    makeNode({ name: "sum", kind: "addition", inputs: ["b", "c"] }),
    head("sum"),
  ]);
  // relu lets half of it through: 3 / 2 * 4 and 3 * 9.
  const ofB = 6;
  const ofC = 27;
  const { deltas, doubt } = found.get("a")!;
  assertNear(deltas!, ofB + ofC);
  const share = ofB / (ofB + ofC);
  const [b, c] = ["b", "c"].map((name) => Math.sqrt(spread(found.get(name)!.doubt.deltas)));
  // Examples whose relus are independent are half as alike: 1 / 5, and a quarter of it.
  const aligned = share / 20 + (1 - share) / 5;
  const own = 2 / UNITS * left(aligned);
  assertNear(spread(doubt.deltas), (share * b + (1 - share) * c) ** 2 + own, 1e-3);
  assertNear(spread(found.get("c")!.doubt.deltas), 2 / UNITS * left(1 / 5));
  assertNear(spread(found.get("b")!.doubt.deltas), 5 / UNITS * left(1 / 20), 1e-3);
  assertEquals(found.get("sum")!.deltas, null);
  assertEquals(found.get("sum")!.doubt.deltas, 0);
});

Deno.test("propagate() adds what two readers share of a gradient, for a normalisation to take away", () => {
  const head = (name: string, square: number, mean: number) => ({
    ...dense(name, ["n"], 1),
    isOutput: true,
    measured: { ...nothing, preActivationGradients: { square, mean } },
  });
  const norm = makeNode({
    name: "n",
    kind: "normalization",
    inputs: ["a"],
    epsilon: 0,
    statistics: "batch",
  });
  const found = follow([dense("a", ["x"], 4), norm, head("left", 4, 0.2), head("right", 3, 0.1)]);
  // Thirty entries of that mean: 1.2 of the 4, and 0.3 of the 3, are shared by all examples.
  assertNear(found.get("a")!.deltas!, (4 + 3 - 1.2 - 0.3) / 4);
});

Deno.test("propagate() takes the gradient that was measured where a reader is not known, and at an output", () => {
  const measured = {
    ...nothing,
    activations: { meanSquare: 2, mean: 0 },
    activationGradients: { square: 11, mean: 0 },
  };
  const a = dense("a", ["x"], 1, { measured });
  const unknown = makeNode({ name: "mine", kind: "opaque", inputs: ["a"], measured });
  const known = [dense("b", ["a"], 4), head("b")];
  assertNear(follow([a, ...known]).get("a")!.deltas!, 12);
  assertNear(follow([a, unknown, ...known]).get("a")!.deltas!, 11);
  assertNear(follow([{ ...a, isOutput: true }, ...known]).get("a")!.deltas!, 11);
  // Without that there is none, nor below.
  const blind = dense("a", ["x"], 1);
  const below = follow([blind, dense("b", ["a"], 4)]);
  assertEquals(["a", "b"].map((name) => below.get(name)!.deltas), [null, null]);
});

Deno.test("propagate() splits the input of one layer that reads two, on either way", () => {
  const nodes = [
    dense("a", ["x"], 4, { entries: 90 }),
    dense("b", ["x"], 1),
    dense("both", ["a", "b"], 2),
    head("both"),
  ];
  const found = follow(nodes);
  assertNear(found.get("both")!.activations.meanSquare, 2 * (3 * 4 + 1) / 4);
  assertNear(found.get("a")!.deltas!, 3 * 2 * 3 / 4);
  assertNear(found.get("b")!.deltas!, 3 * 2 / 4);
  const measured = { ...nothing, preActivationGradients: { square: 8, mean: 0 } };
  const anchored = follow(
    nodes.map((node) => node.name === "both" ? { ...node, measured } : node),
    {
      anchored: true,
    },
  );
  assertNear(anchored.get("both")!.deltas!, 3);
  assertNear(anchored.get("a")!.deltas!, 8 * 2 * 3 / 4);
  assertNear(anchored.get("b")!.deltas!, 8 * 2 / 4);
  // A layer that sends nothing back sends it to neither.
  const still = makeNode({
    name: "both",
    inputs: ["a", "b"],
    kind: "normalization",
    shape: [6, 2],
  });
  assertEquals(follow([...nodes.slice(0, 2), still, head("both")]).get("a")!.deltas, null);
  const pool = makeNode({ ...still, kind: "pool", operation: "mean" });
  assertEquals(follow([...nodes.slice(0, 2), pool]).has("both"), false);
  const several = makeNode({ ...still, kind: "embedding", weights: [] });
  assertEquals(follow([...nodes.slice(0, 2), several]).has("both"), false);
});

Deno.test("propagate() reads each input of the model as it is", () => {
  const add = makeNode({ name: "sum", kind: "addition", inputs: ["a", "y"] });
  const found = follow([dense("a", ["x"], 4), add], { inputs: ["x", "y"] });
  assertNear(found.get("sum")!.activations.meanSquare, 4 + 2);
});

Deno.test("propagate() anchors layers with weights alone, to what was measured of them", () => {
  const size = (square: number) => ({
    ...nothing,
    preActivations: { meanSquare: square, mean: 0 },
    preActivationGradients: { square, mean: 0 },
  });
  const nodes = [
    dense("a", ["x"], 2, { measured: size(5) }),
    makeNode({
      name: "t",
      kind: "activation",
      activation: "linear",
      inputs: ["a"],
      measured: size(70),
    }),
    dense("b", ["t"], 2, { measured: size(13) }),
    head("b"),
  ];
  const anchored = follow(nodes, { anchored: true });
  // b reads what the activation was measured at, and sends by its own delta.
  assertNear(anchored.get("b")!.preActivations!, 13);
  assertNear(anchored.get("a")!.preActivations!, 5);
  assertNear(anchored.get("t")!.deltas!, 2 * 13);
  assertNear(anchored.get("a")!.deltas!, 2 * 13);
  const free = follow(nodes);
  assertNear(free.get("b")!.preActivations!, 4);
  assertNear(free.get("a")!.deltas!, 2 * 3);
});

Deno.test("propagate() leaves out layers that read nothing, or nothing known, and sizes that are none", () => {
  const broken = dense("b", ["a"], NaN);
  const endless = makeNode({
    name: "c",
    kind: "rescaling",
    inputs: ["a"],
    rescaling: { scale: 1e200, offset: 0 },
  });
  const found = follow([
    dense("a", ["x"], 1),
    broken,
    endless,
    dense("alone", [], 1),
    dense("lost", ["nobody"], 1),
    dense("half", ["a", "nobody"], 1),
    dense("none", ["a"], 0),
  ]);
  assertEquals([...found.keys()], ["a", "none"]);
  assertEquals(found.get("none")!.activations.meanSquare, 0);
  assertEquals(found.get("none")!.preActivations, 0);
});

Deno.test("propagate() says nothing of z where a layer has none, and gives the mean of a", () => {
  const relu = dense("a", ["x"], 2, { activation: "relu" });
  const found = follow([relu, makeNode({ name: "p", kind: "passesOn", inputs: ["a"] })]);
  const { preActivations, activations } = found.get("p")!;
  assertEquals(preActivations, null);
  assertNear(activations.mean, Math.sqrt(2 / (2 * Math.PI)), 1e-6);
  // relu: 5 over twice the units, in the logarithm of the rms.
  const { doubt } = found.get("a")!;
  const shared = left(Math.max(1 / UNITS, (1 / Math.PI) ** 2));
  assertNear(spread(doubt.activations), 5 / UNITS * shared, 1e-3);
});
