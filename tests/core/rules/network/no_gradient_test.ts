import type {
  LayerMeasurements,
  TensorStatistics,
  WeightMeasurements,
} from "../../../../src/core/measure/measurements.ts";
import { networkOf } from "../../../../src/core/rules/network/network.ts";
import {
  hasSignal,
  isFedZeros,
  isReachedBelow,
  isZero,
  startsAtZero,
  waitsFor,
} from "../../../../src/core/rules/signal/zero_gradients.ts";
import { stepsOf } from "../../../../src/core/rules/network/theory_nodes.ts";
import { flat, makeLayer, makeMeasurements, makeWeight } from "../../../networks/measurements.ts";
import { assertEquals } from "@std/assert";

const ZEROS = flat(0, 640);
const SOME = flat(1e-30, 640);
const BROKEN: TensorStatistics = { ...ZEROS, nonFinite: 1 };

const recurrent = (shape: number[]) => makeWeight({ name: "l/recurrent_kernel", shape });

/** A recurrent layer that has this many z over a batch of 32. */
const cell = (count: number, given: Partial<LayerMeasurements> = {}) =>
  makeLayer({
    preActivations: { ...flat(1, 640), count },
    weights: [recurrent([5, 20])],
    ...given,
  });

const batch = makeMeasurements();

Deno.test("stepsOf() divides z by examples, calls, gates and the positions of a convolution", () => {
  assertEquals(stepsOf(cell(32 * 20 * 7), batch), 7);
  assertEquals(stepsOf(cell(32 * 20 * 7, { calls: 7 }), batch), 1);
  // Two directions, wrapped in one row.
  const both = [
    recurrent([5, 20]),
    recurrent([5, 10]),
    makeWeight({ name: "kernel", shape: [9, 9] }),
  ];
  assertEquals(stepsOf(cell(32 * 30 * 4, { weights: both }), batch), 4);
  const image = { shape: [32, 6, 4, 5], weights: [recurrent([3, 3, 5, 20])] };
  assertEquals(stepsOf(cell(32 * 6 * 4 * 20 * 3, image), batch), 3);
  assertEquals(stepsOf(cell(32 * 20 * 24, { ...image, shape: null }), batch), 24);
  const row = { shape: [32, 6, 5], weights: [recurrent([3, 5, 20])] };
  assertEquals(stepsOf(cell(32 * 6 * 20 * 3, row), batch), 3);
  assertEquals(stepsOf(cell(1, { preActivations: null }), batch), null);
  assertEquals(stepsOf(cell(1, { weights: [makeWeight()] }), batch), null);
});

Deno.test("startsAtZero() asks for a delta, and for outputs unless there is one step", () => {
  const of = (delta: TensorStatistics | null, outputs: TensorStatistics | null, steps = 2) =>
    startsAtZero(
      cell(32 * 20 * steps, { preActivationGradients: delta, activations: outputs }),
      batch,
    );
  assertEquals([of(SOME, SOME), of(ZEROS, SOME), of(null, SOME)], [true, false, false]);
  assertEquals([of(SOME, ZEROS), of(SOME, null)], [false, false]);
  assertEquals([of(SOME, ZEROS, 1), of(SOME, null, 1), of(ZEROS, ZEROS, 1)], [true, true, false]);
});

Deno.test("hasSignal() asks for a delta and for a gradient of a kernel", () => {
  const of = (delta: TensorStatistics | null, ...weights: WeightMeasurements[]) =>
    hasSignal(makeLayer({ preActivationGradients: delta, weights }));
  const kernel = (gradients: TensorStatistics | null) => makeWeight({ gradients });
  const bias = makeWeight({ name: "bias", shape: [20], gradients: SOME });
  assertEquals(of(SOME, kernel(SOME)), true);
  assertEquals(of(SOME, kernel(ZEROS), kernel(SOME)), true);
  assertEquals([of(ZEROS, kernel(SOME)), of(null, kernel(SOME))], [false, false]);
  assertEquals([of(SOME, kernel(ZEROS)), of(SOME, kernel(null)), of(SOME, bias)], [
    false,
    false,
    false,
  ]);
});

Deno.test("isZero() judges the rows that were used, where they are told apart, and no NaN", () => {
  const of = (gradients: TensorStatistics | null, used: TensorStatistics | null = null) =>
    isZero(makeWeight({ gradients, gradientsOfUsedRows: used }));
  assertEquals([of(ZEROS), of(SOME), of(null), of(BROKEN)], [true, false, false, false]);
  assertEquals([of(SOME, ZEROS), of(ZEROS, SOME), of(ZEROS, BROKEN)], [true, false, false]);
});

/** A weight of zeros that is sent a gradient. */
const opening = (given: Partial<WeightMeasurements> = {}) =>
  makeWeight({ name: "up", values: ZEROS, gradients: SOME, ...given });

Deno.test("waitsFor() names the zeros in a layer of its own that are sent a gradient", () => {
  const of = (weights: WeightMeasurements[], given: Partial<LayerMeasurements> = {}) => {
    const layer = makeLayer({ weights, preActivationGradients: SOME, ...given });
    return waitsFor(layer, makeMeasurements([], { layers: [layer] }));
  };
  const down = makeWeight({ name: "down", gradients: ZEROS });
  assertEquals(of([down, opening()]), "up");
  assertEquals(of([opening({ shape: [] }), down]), "up");
  assertEquals(of([down, opening()], { preActivationGradients: ZEROS }), undefined);
  assertEquals(of([down, opening()], { preActivationGradients: null }), undefined);
  assertEquals(of([down, opening(), recurrent([5, 20])]), undefined);
  for (
    const other of [
      { trainable: false },
      { gradients: null },
      { gradients: ZEROS },
      { values: SOME },
      { values: BROKEN },
      { shape: [20] },
    ]
  ) assertEquals(of([down, opening(other)]), undefined, JSON.stringify(Object.keys(other)));
});

Deno.test("waitsFor() looks at the kernel before a layer that has none, and no further", () => {
  const norm = makeLayer({
    name: "norm",
    depth: 2,
    preActivationGradients: SOME,
    weights: [makeWeight({ name: "gamma", shape: [20] })],
  });
  const dense = (name: string, depth: number, weights = [opening({ name: `${name}/kernel` })]) =>
    makeLayer({ name, depth, weights });
  const of = (...layers: LayerMeasurements[]) => waitsFor(norm, makeMeasurements([], { layers }));
  assertEquals(of(dense("a", 2), norm), "a/kernel");
  assertEquals(of(dense("a", 2), dense("b", 2), norm), "b/kernel");
  assertEquals(of(dense("a", 1), norm), undefined);
  assertEquals(of(norm, dense("a", 2)), undefined);
  // The latest kernel decides, and is not zeros.
  assertEquals(of(dense("a", 2), dense("b", 2, [makeWeight()]), norm), undefined);
  const spent = [opening({ name: "b/kernel", gradients: ZEROS })];
  assertEquals(of(dense("a", 2), dense("b", 2, spent), norm), undefined);
});

/** Three layers in a row, the first two as given. */
function row(first: Partial<LayerMeasurements>, middle: Partial<LayerMeasurements> = {}) {
  const layers = [
    makeLayer({ name: "a", depth: 1, inputs: [], ...first }),
    makeLayer({ name: "b", depth: 2, inputs: ["a"], ...middle }),
    makeLayer({ name: "c", depth: 3, inputs: ["b"] }),
  ];
  return { layers, network: networkOf(makeMeasurements([], { layers })) };
}

Deno.test("isReachedBelow() asks whether a layer with a kernel below another has a delta", () => {
  const of = (preActivationGradients: TensorStatistics | null, of = 1) => {
    const { layers, network } = row({ preActivationGradients });
    return isReachedBelow(layers[of], network);
  };
  assertEquals([of(SOME), of(BROKEN), of(ZEROS), of(null)], [true, true, false, false]);
  // Layers above it do not count, nor does it itself.
  assertEquals(of(SOME, 0), false);
});

Deno.test("isFedZeros() asks for inputs that are all zeros, for a delta, and for one below", () => {
  const of = (
    first: Partial<LayerMeasurements>,
    middle: Partial<LayerMeasurements> = {},
    at = 1,
  ) => {
    const { layers, network } = row(first, middle);
    return isFedZeros(layers[at], network);
  };
  assertEquals(of({ activations: ZEROS }), true);
  assertEquals([of({ activations: SOME }), of({ activations: null })], [false, false]);
  assertEquals(of({ activations: ZEROS }, { preActivationGradients: ZEROS }), false);
  assertEquals(of({ activations: ZEROS }, { preActivationGradients: null }), false);
  assertEquals(of({ activations: ZEROS, preActivationGradients: ZEROS }), false);
  // The first layer is fed the input of the model, of which nothing is known here.
  assertEquals(of({ activations: ZEROS }, {}, 0), false);
  const both = makeLayer({ name: "d", depth: 3, inputs: ["a", "b"] });
  const { layers } = row({ activations: ZEROS }, { activations: SOME });
  const network = networkOf(makeMeasurements([], { layers: [...layers.slice(0, 2), both] }));
  assertEquals(isFedZeros(both, network), false);
});
