import { assertEquals } from "@std/assert";
import { matchLayers } from "../../../src/core/compare/match_layers.ts";
import { makeLayer, makeWeight } from "../../networks/measurements.ts";

/** A dense layer of this many units, by its name. */
const dense = (name: string, units = 20) =>
  makeLayer({
    name,
    shape: [32, units],
    weights: [makeWeight({ name: `${name}/kernel`, shape: [20, units] })],
  });

function matched(before: ReturnType<typeof dense>[], after: ReturnType<typeof dense>[]) {
  const { pairs, onlyBefore, onlyAfter } = matchLayers(before, after);
  return {
    pairs: pairs.map((pair) => pair.map(({ name }) => name).join(" = ")),
    only: [onlyBefore, onlyAfter].map((layers) => layers.map(({ name }) => name)),
  };
}

Deno.test("matchLayers() finds a given name wherever it stands", () => {
  assertEquals(matched([dense("a"), dense("b")], [dense("b"), dense("a"), dense("c")]), {
    pairs: ["b = b", "a = a"],
    only: [[], ["c"]],
  });
});

Deno.test("matchLayers() takes a given name of another class for another layer", () => {
  const other = makeLayer({ name: "a", className: "Conv2D" });
  assertEquals(matched([dense("a")], [other]), { pairs: [], only: [["a"], ["a"]] });
});

Deno.test("matchLayers() matches names that count layers by order and shape", () => {
  const before = [dense("dense_Dense1"), dense("dense_Dense2", 5)];
  // TensorFlow.js goes on counting, Keras begins without a number.
  const after = [dense("dense_Dense3"), dense("dense_Dense4", 5)];
  assertEquals(matched(before, after).pairs, [
    "dense_Dense1 = dense_Dense3",
    "dense_Dense2 = dense_Dense4",
  ]);
  const keras = [dense("dense"), dense("dense_1", 5)];
  assertEquals(matched(before, keras).only, [[], []]);
});

Deno.test("matchLayers() finds the layer that was added, though it moved all names behind it", () => {
  const before = [dense("dense_1", 5), dense("dense_2", 6), dense("dense_3", 7)];
  const after = [
    dense("dense_1", 5),
    dense("dense_2", 50),
    dense("dense_3", 6),
    dense("dense_4", 7),
  ];
  assertEquals(matched(before, after), {
    pairs: ["dense_1 = dense_1", "dense_2 = dense_3", "dense_3 = dense_4"],
    only: [[], ["dense_2"]],
  });
  assertEquals(matched(after, before).only, [["dense_2"], []]);
});

Deno.test("matchLayers() takes a layer of another width for the same layer", () => {
  const before = [dense("dense_1", 5), dense("dense_2", 6)];
  assertEquals(matched(before, [dense("dense_1", 5), dense("dense_2", 60)]).only, [[], []]);
});

Deno.test("matchLayers() looks past numbers in the names of nested models", () => {
  assertEquals(matched([dense("sequential_1/head")], [dense("sequential_4/head")]).pairs, [
    "sequential_1/head = sequential_4/head",
  ]);
  assertEquals(matched([dense("left/head")], [dense("right/head")]).pairs, []);
});

Deno.test("matchLayers() prefers the layer of the same outputs among others of its class", () => {
  const pool = (name: string, units: number) =>
    makeLayer({ name, className: "Pool", shape: [32, units], weights: [] });
  assertEquals(matched([pool("pool_1", 5)], [pool("pool_2", 6), pool("pool_3", 5)]), {
    pairs: ["pool_1 = pool_3"],
    only: [[], ["pool_2"]],
  });
  assertEquals(matched([pool("pool_1", 5)], [pool("pool_2", 5), pool("pool_3", 6)]).pairs, [
    "pool_1 = pool_2",
  ]);
  assertEquals(matched([pool("pool_1", 5)], [pool("pool_1", 6), pool("pool_2", 5)]).pairs, [
    "pool_1 = pool_2",
  ]);
  // Among equals, the name decides.
  assertEquals(matched([pool("pool_1", 5)], [pool("pool_2", 5), pool("pool_1", 5)]).pairs, [
    "pool_1 = pool_1",
  ]);
  // The first size is that of the examples, which says nothing.
  const images = (name: string, size: number) =>
    makeLayer({ name, className: "Pool", shape: [32, size, 4], weights: [] });
  assertEquals(matched([images("pool_1", 5)], [images("pool_2", 6), images("pool_3", 5)]).pairs, [
    "pool_1 = pool_3",
  ]);
});

/** A dense layer of this activation, kernel and width. */
const shaped = (name: string, activation: string, inputs: number, units: number) =>
  makeLayer({
    name,
    activation,
    shape: [32, units],
    weights: [makeWeight({ name: `${name}/kernel`, shape: [inputs, units] })],
  });

Deno.test("matchLayers() prefers the activation of a layer among others of its shapes, before its name", () => {
  const before = [shaped("dense_1", "relu", 20, 5)];
  const after = [shaped("dense_1", "tanh", 20, 5), shaped("dense_2", "relu", 20, 5)];
  assertEquals(matched(before, after).pairs, ["dense_1 = dense_2"]);
  const others = [shaped("dense_2", "relu", 20, 5), shaped("dense_3", "tanh", 20, 5)];
  assertEquals(matched(before, others).pairs, ["dense_1 = dense_2"]);
});

Deno.test("matchLayers() prefers one layer that is the same to two that share the size of their outputs", () => {
  const before = [shaped("dense_1", "relu", 20, 5), shaped("dense_2", "tanh", 30, 5)];
  const after = [shaped("dense_0", "sigmoid", 40, 5), shaped("dense_1", "relu", 20, 5)];
  assertEquals(matched(before, after).pairs, ["dense_1 = dense_1"]);
});

Deno.test("matchLayers() prefers two layers of the same outputs to one of the same weights", () => {
  const weights = [makeWeight({ shape: [20, 5] })];
  const before = [
    makeLayer({ name: "dense_1", activation: "relu", shape: [32, 5], weights }),
    shaped("dense_2", "tanh", 30, 6),
  ];
  const after = [
    shaped("dense_3", "sigmoid", 40, 5),
    makeLayer({ name: "dense_4", activation: "elu", shape: [32, 6], weights }),
  ];
  assertEquals(matched(before, after).pairs, ["dense_1 = dense_3", "dense_2 = dense_4"]);
});
