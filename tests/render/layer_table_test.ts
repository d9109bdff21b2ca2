import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { networkOf } from "../../src/rules/network/network.ts";
import { foldLayers } from "../../src/render/fold_layers.ts";
import { layerTable } from "../../src/render/layer_table.ts";
import { renderLayerTable } from "../../src/render/render_layer_table.ts";
import { finding, layer, measurements, statistics, weight } from "../networks/sample.ts";

const kernel = (name: string) =>
  weight(`${name}/kernel`, 0.1, {
    shape: [20, 20],
    values: statistics(0.5, { count: 400, std: 0.5 }),
  });

const dense = (name: string, over: Parameters<typeof layer>[2] = {}) =>
  layer(name, { activation: 0.7, delta: 0.3 }, {
    kind: "dense",
    kernelLayout: "ordinary",
    shape: [32, 20],
    weights: [kernel(name), weight(`${name}/bias`, 0.1, { shape: [20] })],
    ...over,
  });

const style = { width: 140, color: false, unicode: false };

Deno.test("layerTable() has class, shape, parameters, and the kernel beside its target", () => {
  const layers = [
    dense("dense_1", { activation: "relu", deadFraction: 0.25, depth: 1 }),
    dense("dense_2", { activation: "tanh", saturatedFraction: 0.5, depth: 2 }),
    layer("flatten", {}, { className: "Flatten", activation: null, weights: [], shape: null }),
  ];
  const subject = measurements(layers);
  const [relu, tanh, flatten] = layerTable(subject, [finding("dense_2")], foldLayers(layers));
  assertEquals([relu.className, relu.shape, relu.parameters], ["Dense relu", [20], 410]);
  // He's deviation for relu, LeCun's for tanh.
  assertAlmostEquals(relu.kernel!.target!, Math.sqrt(2 / 20), 1e-12);
  assertAlmostEquals(tanh.kernel!.target!, Math.sqrt(1 / 20), 1e-12);
  assertEquals([relu.kernel!.std, tanh.kernel!.std], [0.5, 0.5]);
  assertEquals([relu.dead, relu.saturated, tanh.dead, tanh.saturated], [0.25, null, null, 0.5]);
  assertEquals([relu.mark, tanh.mark, flatten.mark], [null, "error", null]);
  assertEquals([flatten.className, flatten.kernel, flatten.shape], ["Flatten", null, null]);
  assertEquals([relu, tanh, flatten].map(({ fold }) => fold), [null, null, null]);
});

Deno.test("layerTable() puts what theory predicts beside what was measured, with its noise", () => {
  const layers = [dense("dense_1", { depth: 1, inputs: [], reads: ["input_1"] })];
  const subject = measurements(layers);
  const figures = networkOf(subject).theory.figuresOf(layers[0])!;
  const [{ output }] = layerTable(subject, [], foldLayers(layers));
  assertEquals(output, {
    measured: 0.7,
    predicted: figures.activations,
    noise: figures.doubt.activations,
  });
  assert(output.noise! > 0);
  const broken = dense("dense_1", {
    activations: statistics(1, { nonFinite: 2 }),
    weights: [weight("kernel", 1, { values: statistics(1, { nonFinite: 1 }) })],
  });
  const [row] = layerTable(measurements([broken]), [], foldLayers([broken]));
  assertEquals([row.output.measured, row.kernel!.std], [NaN, NaN]);
});

Deno.test("layerTable() leaves out what theory knows within a factor of 100 at best", () => {
  // Saturated tanh layers: with each one back, theory knows less of the gradient.
  const values = statistics(20, { count: 400, std: 20 });
  const layers = Array.from({ length: 10 }, (_, i) =>
    dense(`dense_${i}`, {
      depth: i + 1,
      ...i === 0 ? { inputs: [], reads: ["input_1"] } : { inputs: [`dense_${i - 1}`] },
      ...i === 9 ? { role: "output", activation: "linear" } : {},
      weights: [weight("kernel", 0.1, { shape: [20, 20], values })],
    }));
  const subject = measurements(layers);
  const { theory } = networkOf(subject);
  const rows = layerTable(subject, [], foldLayers(layers, { all: true }));
  const isSaid = rows.map(({ gradient: { predicted } }) => predicted !== null);
  const noises = layers.map((layer) => theory.figuresOf(layer)!.doubt.deltas);
  assertEquals(isSaid, noises.map((noise) => noise < Math.log(100)));
  assertEquals([isSaid[0], isSaid[9]], [false, true]);
});

Deno.test("layerTable() shows of a fold the worst layer, and the mark of all", () => {
  const layers = [1, 2, 3, 4].map((i) => dense(`dense_${i}`));
  const [row] = layerTable(measurements(layers), [finding("dense_3")], foldLayers(layers));
  assertEquals([row.name, row.mark], ["dense_3", "error"]);
  assertEquals(row.fold, {
    name: "dense_1 ... dense_4",
    blocks: 4,
    layers: [1, 1],
    worst: "dense_3",
    sameShapes: true,
  });
  const lines = renderLayerTable([row], style);
  assertEquals(lines[2], "  dense_1 ... dense_4: 4 alike, worst dense_3");
  assert(lines[3].startsWith("! dense_3  Dense tanh      20     410"), lines[3]);
});

Deno.test("layerTable() has one row for a kernel and what follows it, in a long network", () => {
  const block = (i: number) => [
    dense(`block_${i}_dense`, { shape: [32, 20 + i] }),
    layer(`block_${i}_relu`, { activation: 0.9 }, {
      className: "ReLU",
      weights: [],
      shape: [32, 20 + i],
      deadFraction: 0.5,
    }),
  ];
  const layers = Array.from({ length: 13 }, (_, i) => block(i)).flat();
  const [first] = layerTable(measurements(layers), [], foldLayers(layers));
  assertEquals([first.name, first.followers, first.output.measured], ["block_0_dense", 1, 0.9]);
  assertEquals([first.dead, first.parameters, first.gradient.measured], [0.5, 410, 0.3]);
  const many = Array.from({ length: 30 }, (_, i) => block(i)).flat();
  const rows = layerTable(measurements(many), [], foldLayers(many));
  assertEquals(
    renderLayerTable(rows, style)[2],
    "  block_0 ... block_29: 30 blocks of 2 layers, alike but for their shapes, worst block_0",
  );
});

Deno.test("renderLayerTable() leaves out columns that have no room, the least useful first", () => {
  const layers = [dense("dense_1", { saturatedFraction: 0.5, inputs: [], reads: ["input_1"] })];
  const rows = layerTable(measurements(layers), [], foldLayers(layers));
  const headings = (width: number) => {
    const lines = renderLayerTable(rows, { ...style, width });
    for (const line of lines) assert(line.length <= width, line);
    return lines[1].trim().split(/ +/).join(" ");
  };
  assertEquals(
    headings(120),
    "layer class output params is target is theory within is sat",
  );
  assertEquals(headings(70), "layer class output params is target is theory sat");
  assertEquals(headings(60), "layer class output is target is theory sat");
  assertEquals(headings(50), "layer class output is target sat");
  assertEquals(headings(30), "layer is target");
  assertEquals(renderLayerTable([], style), []);
});

Deno.test("layerTable() shows the activation of a part of a cell, whose layer has the class", () => {
  const layers = [
    layer("lstm", {}, { className: "LSTM", activation: null }),
    layer("lstm/gates", {}, { kind: "cell", className: "LSTMCell", activation: "sigmoid" }),
  ];
  const rows = layerTable(measurements(layers), [], foldLayers(layers));
  assertEquals(rows.map(({ className }) => className), ["LSTM", "sigmoid"]);
});
