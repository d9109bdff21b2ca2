import type { LayerMeasurements } from "../../src/measure/measurements.ts";
import { networkOf } from "../../src/rules/network/network.ts";
import { sayPlain, slotsOf } from "../../src/rules/sentence.ts";
import { rescaleFix, unscaledInputs } from "../../src/rules/signal/rescale_fix.ts";
import { goldenMeasurements } from "../networks/golden_measurements.ts";
import { flat, makeLayer, makeMeasurements, makeWeight } from "../networks/measurements.ts";
import { assertEquals, assertMatch } from "@std/assert";

const networkWith = (layers: LayerMeasurements[]) => networkOf(makeMeasurements([], { layers }));

const HEALTHY = 1 / Math.sqrt(20);

function kernel(rms: number, given: Partial<LayerMeasurements> = {}): Partial<LayerMeasurements> {
  return { weights: [makeWeight({ values: flat(rms, 400) })], ...given };
}

function advise(layers: Partial<LayerMeasurements>[]): string | null {
  const { layers: all } = makeMeasurements(layers);
  const fix = rescaleFix(all, networkWith(all));
  return fix === null ? null : sayPlain(fix);
}

Deno.test("rescaleFix() puts the exercise's kernels to 1/894", () => {
  const relu = kernel(HEALTHY, { activation: "relu" });
  assertEquals(
    advise([relu, ...Array.from({ length: 9 }, () => kernel(200))]),
    "Multiply the kernels of dense_2 ... dense_10 by 1/894, which gives the standard deviation " +
      "1 / sqrt(fan-in) recommended for tanh.",
  );
});

Deno.test("rescaleFix() says the same of the exercise's drawn weights, but for the draw", () => {
  const { layers } = goldenMeasurements("seed_tanh_stddev_200");
  const slots = slotsOf(rescaleFix(layers, networkWith(layers))!);
  const names = slots.flatMap((slot) => "layers" in slot ? slot.layers : []);
  const [factor] = slots.flatMap((slot) => "value" in slot ? [slot.value] : []);
  assertEquals([names[0], names.at(-1)], ["dense_2", "dense_10"]);
  assertEquals(Math.abs(1 / factor - 894) < 10, true);
});

Deno.test("rescaleFix() is null where no kernel is off by more than 1.5", () => {
  assertEquals(advise([kernel(HEALTHY * 1.49), kernel(HEALTHY / 1.49)]), null);
  assertMatch(advise([kernel(HEALTHY * 1.51)])!, /^Multiply the kernel of dense_1 by 0.662,/);
  assertMatch(advise([kernel(HEALTHY / 1.51)])!, /^Multiply the kernel of dense_1 by 1.51,/);
});

Deno.test("rescaleFix() names kernels that are off by little where that is much over the layers", () => {
  const glorot = kernel(HEALTHY, { activation: "relu" });
  assertEquals(advise([glorot]), null);
  assertEquals(
    advise(Array(8).fill(glorot)),
    "Multiply the kernels of dense_1 ... dense_8 by 1.41, which gives the standard deviation " +
      "sqrt(2 / fan-in) recommended for relu.",
  );
});

Deno.test("rescaleFix() does not reckon with the product of factors where branches are added", () => {
  const add = { name: "add", className: "Add", activation: null, depth: 8, weights: [] };
  const glorot = kernel(HEALTHY, { activation: "relu" });
  assertEquals(advise([...Array(8).fill(glorot), add]), null);
});

Deno.test("rescaleFix() groups neighbours of one activation and one factor", () => {
  assertEquals(
    advise([
      kernel(20 * HEALTHY),
      kernel(21.6 * HEALTHY),
      kernel(HEALTHY),
      kernel(20 * HEALTHY, { activation: "relu" }),
      kernel(2000 * HEALTHY, { activation: "relu" }),
      kernel(2e4 * HEALTHY),
    ]),
    "Multiply the kernels of dense_1, dense_2 by 1/20.8, which gives the standard deviation " +
      "1 / sqrt(fan-in) recommended for tanh; the kernel of dense_4 by 1/14.1; the kernel of " +
      "dense_5 by 1/1414; and so on for the others.",
  );
});

Deno.test("rescaleFix() finds the activation in a layer of its own", () => {
  const { layers } = makeMeasurements([
    { ...kernel(20 * HEALTHY), activation: "linear" },
    { name: "act", className: "Activation", activation: "relu", depth: 1, weights: [] },
  ]);
  assertMatch(
    sayPlain(rescaleFix(layers, networkWith(layers))!),
    /sqrt\(2 \/ fan-in\) recommended for relu/,
  );
});

Deno.test("rescaleFix() passes over normalised, recurrent, sigmoid, zero and output kernels", () => {
  const norm = makeLayer({
    name: "norm",
    className: "BatchNormalization",
    activation: null,
    weights: [makeWeight({ name: "gamma", shape: [20] })],
  });
  const { layers } = makeMeasurements([{ ...kernel(200), activation: "linear" }]);
  const all = [layers[0], norm, layers[1]];
  assertEquals(rescaleFix(all, networkWith(all)), null);
  assertEquals(advise([kernel(200, { className: "LSTM", activation: null })]), null);
  assertEquals(advise([kernel(200, { activation: "sigmoid" })]), null);
  assertEquals(advise([kernel(0)]), null);
  assertEquals(advise([kernel(200, { role: "output" })]), null);
});

Deno.test("rescaleFix() takes the fan-in of a convolution", () => {
  const weights = [makeWeight({ shape: [3, 3, 10, 8], values: flat(1, 720) })];
  assertMatch(advise([{ className: "Conv2D", weights }])!, /by 0.105,/);
});

Deno.test("rescaleFix() makes kernels smaller alone, where it is told so", () => {
  const { layers } = makeMeasurements([kernel(HEALTHY / 4), kernel(HEALTHY * 4)]);
  assertMatch(
    sayPlain(rescaleFix(layers, networkWith(layers))!),
    /kernel of dense_1 by 4, .* dense_2 by 0\.25\.$/,
  );
  assertMatch(
    sayPlain(rescaleFix(layers, networkWith(layers), { onlySmaller: true })!),
    /^Multiply the kernel of dense_2 by 0\.25,/,
  );
  assertEquals(rescaleFix(layers.slice(0, 1), networkWith(layers), { onlySmaller: true }), null);
});

Deno.test("unscaledInputs() takes inputs of an rms above 3 for too large, the largest first", () => {
  const input = { name: "pixels", shape: [32, 20], dtype: "float32" };
  const fix = (...rms: number[]) => {
    const measurements = makeMeasurements();
    const perInput = rms.map((size) => ({ ...input, values: flat(size, 640) }));
    const said = unscaledInputs({ ...measurements, batch: { ...measurements.batch, perInput } });
    return said === null
      ? null
      : slotsOf(said).flatMap((slot) => "value" in slot ? slot.value : []);
  };
  assertEquals(fix(1, 3), null);
  assertEquals(fix(1, 3.25), [3.25]);
  assertEquals(fix(1, 255, 4), [255]);
});
