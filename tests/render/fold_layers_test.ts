import { assert, assertEquals } from "@std/assert";
import fc from "fast-check";
import type { LayerMeasurements } from "../../src/measure/measurements.ts";
import {
  foldLayers,
  foldName,
  severitiesOf,
  splitFolds,
  worstOf,
} from "../../src/render/fold_layers.ts";
import { anyMeasurements } from "./arbitrary.ts";
import { finding, layer } from "../networks/sample.ts";

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
