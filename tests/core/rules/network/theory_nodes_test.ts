import { assertEquals } from "@std/assert";
import type { LayerMeasurements, Measurements } from "../../../../src/core/measure/measurements.ts";
import { Graph } from "../../../../src/core/rules/network/graph.ts";
import { signalPath, signalPaths } from "../../../../src/core/rules/network/signal_path.ts";
import {
  redraw,
  theoryInputs,
  theoryNodes,
} from "../../../../src/core/rules/network/theory_nodes.ts";
import { explodingGradients } from "../../../../src/core/rules/signal/exploding_gradients.ts";
import { vanishingGradients } from "../../../../src/core/rules/signal/vanishing_gradients.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
  statisticsOf,
} from "../../../networks/measurements.ts";

/** Measurements of these layers on one input of 32 x 20, or on those named. */
function measured(layers: Partial<LayerMeasurements>[], inputs = ["x"]): Measurements {
  const given = makeMeasurements([], { layers: layers.map((layer) => makeLayer(layer)) });
  const perInput = inputs.map((name, i) => ({
    name,
    shape: [32, 20],
    dtype: "float32",
    values: statisticsOf([3 + i, 1 + i]),
  }));
  return { ...given, batch: { ...given.batch, perInput } };
}

function nodesOf(measurements: Measurements, redrawn = new Map<string, number>()) {
  const drawn = theoryNodes(measurements, new Graph(measurements.layers));
  const nodes = redrawn.size === 0 ? drawn : redraw(drawn, redrawn);
  return new Map(nodes.map((node) => [node.name, node]));
}

const nodeOf = (layer: Partial<LayerMeasurements>) => nodesOf(measured([layer])).get("dense")!;

Deno.test("theoryInputs() gives each input by its moments, and says whether it was drawn", () => {
  const one = measured([], ["x"]);
  const expected = { shape: [32, 20], meanSquare: 5, mean: 2, random: false };
  const rounded = (measurements: Measurements) =>
    [...theoryInputs(measurements)].map(([name, input]) => [name, {
      ...input,
      meanSquare: Math.round(input.meanSquare * 1e9) / 1e9,
    }]);
  assertEquals(rounded(one), [["input x", expected]]);
  const drawn = { ...one, batch: { ...one.batch, random: true } };
  assertEquals(rounded(drawn), [["input x", { ...expected, random: true }]]);
});

Deno.test("theoryNodes() hands on what was measured of a layer, squared", () => {
  const weight = makeWeight({ name: "k", shape: [20, 10], values: statisticsOf([3, 1]) });
  const node = nodeOf({
    activation: "relu",
    calls: 2,
    shape: [32, 10],
    preActivations: statisticsOf([2, 0, 4]),
    activations: statisticsOf([2, 0, 4, 0]),
    activationGradients: statisticsOf([3, 4]),
    preActivationGradients: statisticsOf([0, 4, 3]),
    weights: [weight],
    operands: 3,
  });
  const near = (value: unknown) =>
    JSON.parse(
      JSON.stringify(value),
      (_, x) => typeof x === "number" ? Math.round(x * 1e6) / 1e6 : x,
    );
  assertEquals(near(node), {
    name: "dense",
    operation: null,
    kind: "dense",
    activation: "relu",
    inputs: ["input x"],
    operands: 3,
    calls: 2,
    shape: [32, 10],
    entries: 4,
    inner: 3,
    weights: [{ name: "k", shape: [20, 10], meanSquare: 5, mean: 2 }],
    layout: "ordinary",
    measured: {
      activations: { meanSquare: 5, mean: 1.5 },
      preActivations: { meanSquare: near(20 / 3), mean: 2 },
      activationGradients: { square: 25, mean: 3.5 },
      preActivationGradients: { square: 25, mean: near(7 / 3) },
    },
    isOutput: false,
  });
  assertEquals(nodeOf({ role: "output" }).isOutput, true);
});

Deno.test("theoryNodes() leaves out layers that were not measured or hold NaN", () => {
  const broken = { ...flat(1, 8), nonFinite: 1 };
  for (const values of [null, broken]) {
    const { measured, entries, inner } = nodeOf({
      activations: values,
      preActivations: values,
      activationGradients: values,
      preActivationGradients: values,
    });
    assertEquals(Object.values(measured), [null, null, null, null]);
    assertEquals([entries, inner], values === null ? [0, 0] : [8, 8]);
  }
  assertEquals(nodeOf({ preActivations: null }).inner, 640);
  assertEquals([...nodesOf(measured([{ name: "c", kind: "cell" }, { name: "d" }])).keys()], ["d"]);
});

Deno.test("theoryNodes() takes dense and convolutional layers without an activation for linear", () => {
  for (const kind of ["dense", "convolution"] as const) {
    assertEquals(nodeOf({ kind, activation: null }).activation, "linear");
  }
  assertEquals(nodeOf({ kind: "pool", activation: null }).activation, null);
  assertEquals(nodeOf({ kind: "pool", activation: "relu" }).activation, "relu");
});

Deno.test("redraw() redraws the weights that it is told to, their means with them", () => {
  const values = statisticsOf([3, 1]);
  const layers = measured([{
    weights: [
      makeWeight({ name: "a", values }),
      makeWeight({ name: "b", values }),
      makeWeight({ name: "zeros", values: flat(0, 4) }),
      makeWeight({ name: "small", values: statisticsOf([0.5, 0.5]) }),
    ],
  }]);
  const redrawn = new Map([["a", 0.5], ["zeros", 2], ["small", 2]]);
  const [a, b, zeros, small] = nodesOf(layers, redrawn).get("dense")!.weights;
  assertEquals([a.meanSquare, a.mean], [0.25, 2 * 0.5 / values.rms]);
  assertEquals([b.meanSquare, b.mean], [values.rms ** 2, 2]);
  assertEquals([zeros.meanSquare, zeros.mean], [4, 0]);
  assertEquals([small.meanSquare, small.mean], [4, 2]);
});

Deno.test("theoryNodes() says what a layer reads: layers, inputs by name, or the only input there is", () => {
  const of = (layers: Partial<LayerMeasurements>[], inputs?: string[]) =>
    [...nodesOf(measured(layers, inputs)).values()].map(({ inputs }) => inputs);
  const a = { name: "a", inputs: [] };
  assertEquals(of([a, { name: "b", inputs: ["a"], reads: ["x"] }]), [["input x"], [
    "a",
    "input x",
  ]]);
  assertEquals(of([a], ["x", "y"]), [[]]);
  assertEquals(of([{ ...a, kind: "embedding" }], ["x", "y"]), [["input x"]]);
  // Without edges nobody knows what a merge reads; another layer reads the one before it.
  for (const kind of ["addition", "concatenation", "merge"] as const) {
    assertEquals(of([{ name: "a" }, { name: "m", kind, depth: 1, weights: [] }])[1], []);
    assertEquals(of([a, { name: "m", kind, inputs: ["a", "a"], weights: [] }])[1], ["a", "a"]);
  }
  assertEquals(of([{ name: "a" }, { name: "p", kind: "pool", depth: 1, weights: [] }])[1], ["a"]);
});

Deno.test("theoryNodes() hands on the settings of a layer, and no part of a window alone", () => {
  const window = { window: [3, 2], strides: [2, 1], padding: "same" as const };
  const of = (given: Partial<LayerMeasurements>) => {
    const { window, strides, statistics, epsilon, rescaling } = nodeOf(given);
    return { window, strides, statistics, epsilon, rescaling };
  };
  const none = {
    window: undefined,
    strides: undefined,
    statistics: undefined,
    epsilon: undefined,
    rescaling: undefined,
  };
  const read = { size: [3, 2], strides: [2, 1], padding: "same" as const };
  assertEquals(of({}), none);
  assertEquals(of({ settings: window }), { ...none, window: read });
  const spread = { ...window, dilation: [2, 2] };
  assertEquals(of({ settings: spread }).window, { ...read, dilation: [2, 2] });
  for (const key of Object.keys(window)) {
    assertEquals(of({ settings: { ...window, [key]: undefined } }), none, key);
  }
  assertEquals(of({ strides: [2, 3] }), { ...none, strides: [2, 3] });
  assertEquals(of({ normalization: "batch" }), { ...none, statistics: "batch" });
  assertEquals(of({ settings: { epsilon: 0.1 } }), { ...none, epsilon: 0.1 });
  assertEquals(of({ settings: { scale: 2, offset: 1 } }).rescaling, { scale: 2, offset: 1 });
  // Theory lists inputs of the model last, and the factor is that of the second input.
  const addition = { kind: "addition", settings: { scale: 2, offset: 0 } } as const;
  assertEquals(of(addition).rescaling, addition.settings);
  assertEquals(of({ ...addition, reads: ["x"] }).rescaling, undefined);
  assertEquals([of({ settings: { scale: 2 } }), of({ settings: { offset: 1 } })], [none, none]);
});

/** A recurrent layer of four gates of 5 units, over this many steps of 32 examples. */
const lstm = (steps: number): Partial<LayerMeasurements> => ({
  name: "lstm",
  className: "LSTM",
  kind: "recurrent",
  activation: "tanh",
  shape: [32, 5],
  preActivations: { ...flat(1, 640), count: steps * 20 * 32 },
  weights: [makeWeight({ name: "lstm/recurrent_kernel", shape: [5, 20] })],
});

Deno.test("theoryNodes() counts the steps of a recurrent layer, up to ten thousand, and names its activations", () => {
  const of = (layers: Partial<LayerMeasurements>[]) =>
    nodesOf(measured(layers)).get("lstm")!.recurrent;
  assertEquals(of([lstm(7)]), { steps: 7, activation: "tanh", gate: null });
  assertEquals(of([lstm(10_000)])!.steps, 10_000);
  assertEquals([of([lstm(10_001)]), of([lstm(7.5)])], [undefined, undefined]);
  assertEquals(of([{ ...lstm(7), activation: null }]), undefined);
  assertEquals(of([{ ...lstm(7), preActivations: null }]), undefined);
  assertEquals(of([{ ...lstm(7), kind: "dense" }]), undefined);
  const parts = [
    { name: "lstm/gates", kind: "cell" as const, activation: "sigmoid" },
    { name: "lstm/candidate", kind: "cell" as const, activation: "relu" },
  ];
  assertEquals(of([lstm(7), ...parts]), { steps: 7, activation: "relu", gate: "sigmoid" });
});

Deno.test("theoryNodes() asks of a declared layer how large the input was that it was told", () => {
  const declared = { output: { meanSquare: 3, mean: 0 }, gradients: [1] };
  const of = (given: Partial<LayerMeasurements>) =>
    nodesOf(measured([{ name: "a", inputs: [], activations: flat(2, 640) }, {
      name: "mine",
      declared,
      ...given,
    }])).get("mine")!.declared!;
  const size = (given: Partial<LayerMeasurements>) => Math.round(of(given).input * 1e9) / 1e9;
  assertEquals(size({ inputs: ["a"] }), 4);
  assertEquals(size({ inputs: [], reads: ["x"] }), 5);
  assertEquals([size({ inputs: [], reads: ["y"] }), size({ inputs: ["nobody"] })], [0, 0]);
  assertEquals(of({ inputs: ["a"] }).output, declared.output);
  assertEquals(nodeOf({}).declared, undefined);
});

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
  signalPaths(layers, signalPath(layers, new Map())).map((path) =>
    path.map(({ layer }) => layer.name)
  );

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
