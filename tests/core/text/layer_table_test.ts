import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { LayerMeasurements } from "../../../src/core/measure/measurements.ts";
import {
  foldLayers,
  foldName,
  layerRange,
  severitiesOf,
  shownFolds,
  splitFolds,
  worstOf,
} from "../../../src/core/text/fold_layers.ts";
import { type LayerRow, layerTable } from "../../../src/core/text/layer_table.ts";
import { renderLayerTable } from "../../../src/core/text/render_text.ts";
import { networkOf } from "../../../src/core/rules/network/network.ts";
import { finding, layer, measurements, statistics, weight } from "../../networks/sample.ts";
import { anyMeasurements } from "./arbitrary.ts";

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
    activations: statistics(1, { nonFinite: 1 }),
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
    "  block_0 ... block_29: 30 blocks of 2 layers, alike except for their shapes, worst block_0",
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

/** A row with every figure. */
const fullRow: LayerRow = {
  name: "dense_1",
  className: "Dense tanh",
  followers: 0,
  shape: [20],
  parameters: 400,
  mark: null,
  kernel: { std: 0.1, target: 0.2 },
  within: 0.05,
  drawnBy: "heNormal",
  rules: [],
  wrong: {},
  output: { measured: 0.5, predicted: 0.6, noise: 0.1 },
  gradient: { measured: 0.3, predicted: 0.4, noise: 0.2 },
  saturated: 0.1,
  dead: 0.2,
  entropy: 0.3,
  fold: null,
};

Deno.test("renderLayerTable() drops its columns in order of use, and none that fits", () => {
  const rows = [fullRow, { ...fullRow, name: "dense_2" }];
  const shown = (width: number) => {
    const [, headings] = renderLayerTable(rows, { ...style, width });
    return headings.trim().replace(/ +/g, " ");
  };
  // The narrowest width of each set of columns, and the set below it.
  const all =
    "layer class output params is 95 % target drawn as by is theory within is theory within sat dead entropy";
  const sets = [
    [125, all],
    [120, all.replace("within sat", "sat")],
    [113, all.replaceAll("within ", "")],
    [99, "layer class output params is 95 % target drawn as by is theory sat dead entropy"],
    [82, "layer class output is 95 % target drawn as by is theory sat dead"],
    [57, "layer class output is 95 % target sat dead"],
    [46, "layer class output is 95 % target"],
    [38, "layer class is 95 % target"],
    [26, "layer is 95 % target"],
    [20, "layer is 95 %"],
  ] as const;
  for (const [i, [width, set]] of sets.entries()) {
    assertEquals(shown(width), set);
    if (i + 1 < sets.length) assertEquals(shown(width - 1), sets[i + 1][1]);
  }
  // The figure of a marked row, and the rule without a figure, outlast the class.
  const marked: LayerRow = { ...fullRow, mark: "error", rules: ["dead-units"] };
  const unshown: LayerRow = { ...fullRow, mark: "error", rules: ["layer-placement"] };
  const [, headings] = renderLayerTable([marked, unshown], { ...style, width: 60 });
  assertEquals(headings.trim().replace(/ +/g, " "), "layer is 95 % target dead why");
  const [, , none] = renderLayerTable([{ ...fullRow, parameters: 0 }], { ...style, width: 113 });
  assert(!/ 0 /.test(none), none);
});

Deno.test("renderLayerTable() aligns words left and figures right, and cuts a long class", () => {
  const rows = [
    { ...fullRow, className: "Convolution".repeat(4) },
    { ...fullRow, name: "dense_22", drawnBy: "lecunUniform", shape: [5], rules: ["frozen"] },
    { ...fullRow, name: "dense_3", rules: ["layer-placement"] },
  ];
  const [, headings, first, second, third] = renderLayerTable(rows, { ...style, width: 200 });
  const placeOf = (text: string, line: string) => line.indexOf(text);
  for (
    const [heading, cell] of [["class", "Dense"], ["drawn", "lecunUniform"], ["why", "frozen"]]
  ) {
    assertEquals(placeOf(cell, second), placeOf(heading, headings), cell);
  }
  assertEquals(placeOf("layer-placement", third), placeOf("why", headings));
  assertEquals(placeOf("20  ", first) + 1, placeOf("5  ", second));
  const classAt = (width: number) =>
    renderLayerTable(rows.slice(0, 1), { ...style, width })[2].match(/Conv\S*/)![0].length;
  assertEquals([200, 100, 99, 60].map(classAt), [44, 24, 23, 14]);
});

Deno.test("renderLayerTable() says how far random weights may be from theory, if that is known", () => {
  const legend = (noises: [output: number | null, gradient: number | null], width: number) => {
    const [output, gradient] = noises;
    const row = {
      ...fullRow,
      output: { ...fullRow.output, noise: output },
      gradient: { ...fullRow.gradient, noise: gradient },
    };
    const text = renderLayerTable([row], { ...style, width }).slice(3).join(" ");
    return text.replace(/\s+/g, " ").match(/theory: [^;]*/)?.[0];
  };
  const plain = "theory: of random weights of this size";
  assertEquals(legend([null, null], 200), plain);
  assertEquals(legend([0.1, 0.2], 200), `${plain}, within the factor`);
  // Too narrow for the columns, of which the larger one counts.
  assertEquals(legend([0.1, 0.7], 113), `${plain}, within a factor of 2.01`);
  assertEquals(legend([0.7, 0.1], 113), `${plain}, within a factor of 2.01`);
  assertEquals(legend([0.7, null], 113), `${plain}, within a factor of 2.01`);
  // Too narrow for the gradient, whose noise does not count then.
  assertEquals(legend([0.1, 0.7], 99), `${plain}, within a factor of 1.11`);
});

Deno.test("renderLayerTable() names the rule of a row that does not show its figure", () => {
  const dead = layer("dense_1", { activation: 0.7, delta: 0 }, { shape: [32, 20] });
  const layers = [dead, dense("dense_2"), dense("dense_3")];
  const found = [
    finding("dense_1", { rule: "gradients-flow" }),
    finding("dense_2", { rule: "gradients-flow" }),
    finding("dense_3", { rule: "vanishing-gradients" }),
  ];
  const rows = layerTable(measurements(layers), found, foldLayers(layers));
  const lines = renderLayerTable(rows, style);
  const row = (name: string) => lines.find((line) => line.startsWith(`! ${name}`))!;
  assert(/ why$/.test(lines[1]), lines[1]);
  // The delta of dense_2 is not 0: its weights have no gradient.
  assert(row("dense_2").endsWith("gradients-flow"), row("dense_2"));
  assert(!row("dense_1").includes("gradients-flow"), row("dense_1"));
  assert(!row("dense_3").includes("vanishing-gradients"), row("dense_3"));
});

Deno.test("layerTable() shows the activation of a part of a cell, whose layer has the class", () => {
  const layers = [
    layer("lstm", {}, { className: "LSTM", activation: null }),
    layer("lstm/gates", {}, { kind: "cell", className: "LSTMCell", activation: "sigmoid" }),
  ];
  const rows = layerTable(measurements(layers), [], foldLayers(layers));
  assertEquals(rows.map(({ className }) => className), ["LSTM", "sigmoid"]);
});

Deno.test("layerRange() makes a range of three numbered layers, not of two", () => {
  assertEquals(layerRange(["dense_2", "dense_3"]), "dense_2, dense_3");
  assertEquals(layerRange(["dense_2", "dense_3", "dense_4"]), "dense_2 ... dense_4");
  assertEquals(layerRange(["dense_8", "dense_9", "dense_10"]), "dense_8 ... dense_10");
});

Deno.test("layerRange() breaks a range where a number is left out or the stem changes", () => {
  const names = ["a_1", "a_2", "a_3", "a_5", "b_6", "head"];
  assertEquals(layerRange(names), "a_1 ... a_3, a_5, b_6, head");
});

Deno.test("layerRange() makes a range of layers that follow each other in the model", () => {
  const order = ["stem", "body", "neck", "head"];
  assertEquals(layerRange(["stem", "body", "neck"], { order }), "stem ... neck");
  assertEquals(layerRange(["stem", "neck", "head"], { order }), "stem, neck, head");
});

Deno.test("layerRange() says how many layers it left out", () => {
  const names = ["a", "b", "c_1", "c_2", "c_3"];
  assertEquals(layerRange(names, { max: 3 }), "a, b, c_1 ... c_3");
  assertEquals(layerRange(names, { max: 2 }), "a, b and 3 more");
  assertEquals(layerRange([]), "");
  const many = [..."abcdefghi"];
  assertEquals(layerRange(many.slice(0, 8)), "a, b, c, d, e, f, g, h");
  assertEquals(layerRange(many), "a, b, c, d, e, f, g, h and 1 more");
});

const names = (layers: readonly LayerMeasurements[], all = false) =>
  foldLayers(layers, { all }).map(foldName);

const numbered = (count: number, over: Partial<LayerMeasurements> = {}, from = 1) =>
  Array.from({ length: count }, (_, i) => layer(`dense_${from + i}`, {}, over));

const withoutKernel = (name: string, className: string) =>
  layer(name, {}, { className, weights: [], kind: "activation" });

Deno.test("foldLayers() folds three layers that differ in nothing but numbers, and no two", () => {
  assertEquals(names(numbered(3)), ["dense_1 ... dense_3"]);
  assertEquals(names(numbered(2)), ["dense_1", "dense_2"]);
  assertEquals(names(numbered(3), true), ["dense_1", "dense_2", "dense_3"]);
});

Deno.test("foldLayers() keeps apart what differs in name, class, activation, shape or role", () => {
  const differing: [string, Partial<LayerMeasurements>][] = [
    ["output", {}],
    ["dense_4", { className: "Conv1D" }],
    ["dense_4", { activation: "relu" }],
    ["dense_4", { shape: [32, 21] }],
    ["dense_4", { role: "output" }],
    ["dense_4", { trainable: false }],
  ];
  for (const [name, over] of differing) {
    assertEquals(names([...numbered(3), layer(name, {}, over)]), ["dense_1 ... dense_3", name]);
  }
});

Deno.test("foldLayers() folds blocks of several layers, under the name that their layers share", () => {
  const block = (i: number) => [
    layer(`encoder/block_${i}/conv`, {}, { className: "Conv2D" }),
    withoutKernel(`encoder/block_${i}/relu`, "ReLU"),
  ];
  const layers = [layer("stem", {}), ...[1, 2, 3].flatMap(block), layer("head", {})];
  const [, fold, ...rest] = foldLayers(layers);
  assertEquals(foldName(fold), "encoder/block_1 ... encoder/block_3");
  assertEquals(fold.blocks.map((block) => block.length), [2, 2, 2]);
  assert(fold.sameShapes);
  assertEquals(rest.map(foldName), ["head"]);
  // Without a name in common: the first and the last.
  const plain = [1, 2].flatMap((i) => [
    layer(`conv_${i}`, {}, { className: "Conv2D" }),
    withoutKernel(`relu_${i}`, "ReLU"),
  ]);
  assertEquals(names(plain), ["conv_1 ... relu_2"]);
  // A number is not cut: conv_1 and conv_12 share no block conv_1.
  assertEquals(
    names(
      [1, 12].flatMap((i) => [layer(`conv_${i}`, {}), layer(`conv_${i}0`, {}, { shape: [1] })]),
    ),
    [
      "conv_1 ... conv_120",
    ],
  );
});

/** Blocks as MobileNetV2 has them: each other one has another width, and some an addition. */
function mobileBlock(i: number): LayerMeasurements[] {
  const shape = [32, 8 + i];
  return [
    layer(`block_${i}_expand`, {}, { className: "Conv2D", shape }),
    withoutKernel(`block_${i}_relu`, "ReLU"),
    layer(`block_${i}_project`, {}, { className: "Conv2D", shape }),
    ...i % 3 === 0 ? [withoutKernel(`block_${i}_add`, "Add")] : [],
  ];
}

Deno.test("foldLayers() goes further only where a network is long", () => {
  const blocks = (count: number) => Array.from({ length: count }, (_, i) => mobileBlock(i)).flat();
  // 24 rows: each layer has its own.
  const short = blocks(7);
  assertEquals(short.length, 24);
  assertEquals(names(short), short.map(({ name }) => name));
  // More: layers without a kernel join the one before.
  const middle = blocks(8);
  assert(middle.length > 24);
  const grouped = foldLayers(middle);
  assertEquals(grouped.length, 16);
  assertEquals(grouped[0].blocks[0][0].map(({ name }) => name), ["block_0_expand", "block_0_relu"]);
  assertEquals(foldName(grouped[0]), "block_0_expand");
  // Still more: shapes and additions may differ.
  const [fold, ...none] = foldLayers(blocks(16));
  assertEquals([foldName(fold), fold.blocks.length, none.length], ["block_0 ... block_15", 16, 0]);
  assert(!fold.sameShapes);
});

Deno.test("shownFolds() folds networks of more than 24 layers", () => {
  assertEquals(shownFolds(numbered(24)).length, 24);
  assertEquals(shownFolds(numbered(25)).length, 1);
});

Deno.test("foldName() names a block by what its layers share, else its first and its last layer", () => {
  const block = (
    ...names: string[]
  ) => [names.map((name): [LayerMeasurements] => [layer(name, {})])];
  const name = (...names: string[]) => foldName({ blocks: block(...names), sameShapes: true });
  assertEquals(name("dense"), "dense");
  assertEquals(name("block_3/a", "block_3/b"), "block_3");
  assertEquals(name("block_3", "block_3/b"), "block_3");
  assertEquals(name("block_3", "block_3"), "block_3");
  assertEquals(name("block/a", "block/b"), "block/a ... block/b");
  const two = {
    blocks: [...block("block_1/a", "x"), ...block("block_2/a", "block_2/b")],
    sameShapes: true,
  };
  assertEquals(foldName(two), "block_1/a ... block_2");
});

Deno.test("foldLayers() keeps every layer once and in order, whatever they are", () => {
  fc.assert(
    fc.property(anyMeasurements, fc.nat(9), ({ layers }, times) => {
      const many = Array.from({ length: times }, () => layers).flat();
      for (const folds of [foldLayers(many), splitFolds(foldLayers(many), 3)]) {
        assertEquals(folds.flatMap(({ blocks }) => blocks.flat(2)), many);
        for (const { blocks } of folds) {
          assertEquals(new Set(blocks.map(({ length }) => length)).size, 1);
        }
      }
    }),
    { numRuns: 50 },
  );
});

Deno.test("foldLayers() folds 3000 layers", () => {
  assertEquals(names(numbered(3000)), ["dense_1 ... dense_3000"]);
});

Deno.test("splitFolds() unfolds as far as there is room, in equal pieces", () => {
  const folds = foldLayers([layer("first", {}), ...numbered(9), layer("last", {})]);
  const split = (most: number) => splitFolds(folds, most).map(foldName);
  assertEquals(split(11).length, 11);
  assertEquals(split(10), [
    "first",
    "dense_1 ... dense_2",
    "dense_3 ... dense_4",
    "dense_5 ... dense_6",
    "dense_7 ... dense_8",
    "dense_9",
    "last",
  ]);
  assertEquals(split(5), [
    "first",
    "dense_1 ... dense_3",
    "dense_4 ... dense_6",
    "dense_7 ... dense_9",
    "last",
  ]);
  // There are never fewer rows than folds.
  assertEquals(split(1), ["first", "dense_1 ... dense_9", "last"]);
});

Deno.test("worstOf() is the gravest finding, then the gradient farthest, then the deadest layer", () => {
  const layers = [1, 0.9, 1e-3, 1.1, 30].map((gradient, i) => layer(`dense_${i}`, { gradient }));
  const [fold] = foldLayers(layers);
  const worst = (findings: ReturnType<typeof finding>[]) =>
    worstOf(fold, severitiesOf(findings)).group[0].name;
  assertEquals(worst([]), "dense_2");
  const warning = finding("dense_1", { severity: "warning" });
  assertEquals(worst([warning, finding("dense_0", { severity: "note" })]), "dense_1");
  assertEquals(worst([warning, finding("dense_3")]), "dense_3");
  const [zero] = foldLayers([1, 1e-9, 0].map((gradient, i) => layer(`dense_${i}`, { gradient })));
  assertEquals(worstOf(zero, new Map()).group[0].name, "dense_2");
  const gone = [0, 0.5, 1, 1].map((off, i) =>
    layer(`dense_${i}`, { gradient: 0 }, {
      [i % 2 === 0 ? "deadFraction" : "saturatedFraction"]: off,
    })
  );
  assertEquals(worstOf(foldLayers(gone)[0], new Map()).group[0].name, "dense_2");
  assertEquals(
    worstOf(foldLayers(gone.slice(0, 2).concat(gone[3]))[0], new Map()).group[0].name,
    "dense_3",
  );
});

Deno.test("worstOf() takes a warning before the deadest, and the middle gradient for usual", () => {
  const worst = (gradients: (number | null)[], findings: ReturnType<typeof finding>[] = []) => {
    const layers = gradients.map((gradient, i) =>
      gradient === null
        ? layer(`dense_${i}`, {}, { weights: [] })
        : layer(`dense_${i}`, { gradient }, { deadFraction: i / 10 })
    );
    return worstOf(foldLayers(layers)[0], severitiesOf(findings)).group[0].name;
  };
  assertEquals(worst([1, 1, 1]), "dense_2");
  assertEquals(worst([1, 1, 1], [finding("dense_1", { severity: "warning" })]), "dense_1");
  const both = [finding("dense_0", { severity: "warning" }), finding("dense_1")];
  assertEquals(worst([9, 1, 1], both), "dense_1");
  // The larger of two in the middle is the usual one.
  assertEquals(worst([1, 1, 4, 4]), "dense_1");
  // A layer without a gradient is as usual as one with the middle gradient.
  assertEquals(worst([1, 1, 1.01, 1]), "dense_2");
  assertEquals([worst([4, 1, 4, 16]), worst([17, 1, 4, 4])], ["dense_3", "dense_0"]);
  assertEquals([worst([2, 0, 100]), worst([NaN, 1, 100])], ["dense_1", "dense_0"]);
});

Deno.test("renderLayerTable() shows half the interval of a kernel's spread, in percent", () => {
  const row = (sample: unknown, std = 0.5) => {
    const values = statistics(0.5, { count: 400, std });
    const own = weight("a/kernel", 0.1, { shape: [20, 20], values, sample } as never);
    const layers = [dense("a", { weights: [own] })];
    const rows = layerTable(measurements(layers), [], foldLayers(layers));
    return renderLayerTable(rows, style).join("\n");
  };
  assertEquals(/\+-\S+/.exec(row({ std: [0.4, 0.7] }))?.[0], "+-30%");
  for (const text of [row(undefined), row({ std: null }), row({ std: [0.4, 0.7] }, 0)]) {
    assertEquals(text.includes("+-"), false);
  }
});
