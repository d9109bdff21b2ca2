import type { LayerMeasurements } from "../../../src/measure/measurements.ts";
import { signalPath, signalPaths } from "../../../src/rules/network/signal_path.ts";
import { explodingGradients } from "../../../src/rules/signal/exploding_gradients.ts";
import { vanishingGradients } from "../../../src/rules/signal/vanishing_gradients.ts";
import { flat, makeHead, makeLayer, makeMeasurements } from "../../networks/measurements.ts";
import { assertEquals } from "@std/assert";

/** A hidden layer with a signal, on the way of these heads; of all of them without any. */
const row = (name: string, depth: number, signal: number, ...heads: string[]) =>
  makeLayer({
    name,
    depth,
    preActivationGradients: flat(signal, 640),
    ...heads.length > 0 ? { heads } : {},
  });
const head = (name: string) => makeHead({ name, depth: 9, heads: [name] });

const names = (layers: LayerMeasurements[]) =>
  signalPaths(layers, signalPath(layers)).map((path) => path.map(({ layer }) => layer.name));

/** A trunk of two layers under two branches of two. */
const branches = (trunk: [number, number], a: [number, number], b: [number, number]) => [
  row("t_1", 1, trunk[0]),
  row("t_2", 2, trunk[1]),
  row("a_1", 3, a[0], "a"),
  row("b_1", 3, b[0], "b"),
  row("a_2", 4, a[1], "a"),
  row("b_2", 4, b[1], "b"),
  head("a"),
  head("b"),
];

Deno.test("signalPaths() is the path of a network with one head, without layers of no signal", () => {
  const { layers } = makeMeasurements([{}, { preActivationGradients: flat(0, 640) }, {}]);
  assertEquals(names(layers), [["dense_1", "dense_3"]]);
  assertEquals(names(layers.slice(0, 1)), []);
});

Deno.test("signalPaths() leads up to the head that sends most, and over each branch", () => {
  const a = ["t_1", "t_2", "a_1", "a_2"];
  const b = ["t_1", "t_2", "b_1", "b_2"];
  assertEquals(names(branches([1, 1], [1, 2], [1, 1])), [a, a.slice(2), b.slice(2)]);
  assertEquals(names(branches([1, 1], [1, 1], [1, 2])), [b, a.slice(2), b.slice(2)]);
});

Deno.test("signalPaths() compares no layers of towers that share none", () => {
  const layers = [row("a_1", 1, 1, "a"), row("b_1", 1, 1e-6, "b"), row("b_2", 2, 1e-6, "b")];
  assertEquals(names([...layers, head("a"), head("b")]), [["b_1", "b_2"]]);
});

Deno.test("signalPaths() knows layers that some of the heads share", () => {
  const layers = [
    row("all", 1, 1),
    row("ab", 2, 1, "a", "b"),
    row("c", 2, 3, "c"),
    row("a", 3, 1, "a"),
    row("b", 3, 2, "b"),
  ];
  assertEquals(names([...layers, head("a"), head("b"), head("c")]), [["all", "c"], ["ab", "b"]]);
});

const check = (layers: LayerMeasurements[]) =>
  [vanishingGradients, explodingGradients].flatMap((rule) =>
    rule.run(makeMeasurements([], { layers }))
      .map(({ severity, layer }) => `${rule.name} ${severity} ${layer}`)
  );

Deno.test("vanishingGradients fails a branch whose signal dies while the trunk lives on another", () => {
  assertEquals(check(branches([1, 1], [1.01e-2, 1], [1, 1])), []);
  assertEquals(check(branches([1, 1], [0.99e-3, 1], [1, 1])), ["vanishing-gradients error a_1"]);
  assertEquals(check(branches([0.99e-3, 1], [1, 1], [1, 1])), ["vanishing-gradients error t_1"]);
});

Deno.test("explodingGradients passes a head that is drawn small beside another, and fails growth", () => {
  const small: [number, number] = [1e-5, 1e-5];
  assertEquals(check(branches([1, 1], small, [1, 1])), []);
  assertEquals(check(branches([1, 1], [1, 1], small)), []);
  assertEquals(check(branches([1, 1], [99, 1], [99, 1])), []);
  assertEquals(check(branches([1, 1], [1001, 1], [1, 1])), ["exploding-gradients error a_1"]);
  assertEquals(check(branches([1001, 1], [1, 1], [1, 1])), ["exploding-gradients error t_1"]);
});
