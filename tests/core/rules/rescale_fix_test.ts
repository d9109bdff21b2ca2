import { assertEquals, assertMatch } from "@std/assert";
import type {
  InputMeasurements,
  LayerMeasurements,
} from "../../../src/core/measure/measurements.ts";
import { networkOf } from "../../../src/core/rules/network/network.ts";
import { sayPlain, slotsOf } from "../../../src/core/rules/say.ts";
import {
  LARGE_INPUT,
  rescaleFix,
  unscaledInputs,
} from "../../../src/core/rules/signal/rescale_fix.ts";
import { goldenMeasurements } from "../../networks/golden_measurements.ts";
import { flat, makeLayer, makeMeasurements, makeWeight } from "../../networks/measurements.ts";

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

/** Standard deviation of a healthy tanh kernel of 20 inputs. */
const HEALTHY_GROUP = 1 / Math.sqrt(20);

/** A tanh layer whose kernel is this many times too large. */
const kernelOf = (factor: number, given: Partial<LayerMeasurements> = {}, units = 20) => ({
  weights: [makeWeight({ shape: [20, units], values: flat(factor * HEALTHY_GROUP, 20 * units) })],
  ...given,
});

/** The groups that the fix names: the layers of each, and the factor for them. */
function groups(layers: Partial<LayerMeasurements>[], smaller = false): string[] {
  const { layers: all } = makeMeasurements(layers);
  const fix = rescaleFix(all, networkOf(makeMeasurements([], { layers: all })), {
    onlySmaller: smaller,
  });
  return fix === null ? [] : sayPlain(fix).split(/[;.] ?(?=the|and|$)/).filter(Boolean)
    .map((part) => part.match(/(dense_\d+[^,]*)*.*by \S+(?=,|$)|and so on.*/)![0])
    .map((part) => part.replace(/^.*?(?=dense)/, ""));
}

Deno.test("rescaleFix() gives neighbours one factor where theirs are within 1.1, from the first of them on", () => {
  assertEquals(groups([kernelOf(20), kernelOf(20 * 1.09)]).length, 1);
  assertEquals(groups([kernelOf(20), kernelOf(20 * 1.11)]).length, 2);
  assertEquals(groups([kernelOf(20), kernelOf(20 / 1.09)]).length, 1);
  assertEquals(groups([kernelOf(20), kernelOf(20 / 1.11)]).length, 2);
  // Each is near the one before it; the third is not near the first.
  assertEquals(groups([kernelOf(20), kernelOf(20 * 1.08), kernelOf(20 * 1.16)]).length, 2);
});

Deno.test("rescaleFix() puts no kernels together between which a healthy one or another activation lies", () => {
  assertEquals(groups([kernelOf(20), kernelOf(1), kernelOf(20)]).length, 2);
  assertEquals(groups([kernelOf(20), kernelOf(20, { role: "output" }), kernelOf(20)]).length, 2);
  const relu = kernelOf(20 * Math.SQRT2, { activation: "relu" });
  assertEquals(groups([kernelOf(20), relu]).length, 2);
  assertEquals(groups([kernelOf(20), kernelOf(20), kernelOf(20)]).length, 1);
});

Deno.test("rescaleFix() names three groups, and says that there are more", () => {
  const of = (count: number) =>
    groups(Array.from({ length: count }, (_, i) => kernelOf(20 * 9 ** i)));
  assertEquals(of(3), ["dense_1 by 1/20", "dense_2 by 1/180", "dense_3 by 1/1620"]);
  assertEquals(of(4).length, 4);
  assertEquals(of(4).at(-1), "and so on for the others");
});

Deno.test("rescaleFix() weighs the kernels of a group by their entries", () => {
  const found = groups([kernelOf(20), kernelOf(21.6, {}, 60)]);
  // (20^2 + 3 * 21.6^2) / 4 = 21.21^2
  assertEquals(found, ["dense_1, dense_2 by 1/21.2"]);
});

Deno.test("rescaleFix() names what is off by 1.1 where all such together are off by more than 2", () => {
  assertEquals(groups([kernelOf(1.41), kernelOf(1.41)]), []);
  assertEquals(groups([kernelOf(1.42), kernelOf(1.42)]).length, 1);
  assertEquals(groups([kernelOf(1 / 1.41), kernelOf(1 / 1.41)]), []);
  assertEquals(groups([kernelOf(1 / 1.42), kernelOf(1 / 1.42)]).length, 1);
  // Ups and downs make up for each other, and what is far off is not counted with them.
  assertEquals(groups([kernelOf(1.45), kernelOf(1 / 1.45)]), []);
  assertEquals(groups([kernelOf(20), kernelOf(1), kernelOf(1.45)]).length, 1);
  // 1.45^2 = 2.1: all that are off by more than 1.1 are named then.
  const named = (factor: number) =>
    groups([kernelOf(1.45), kernelOf(1.45), kernelOf(factor)]).join();
  assertEquals([named(1.09), named(1.11)].map((said) => said.includes("dense_3")), [false, true]);
});

Deno.test("rescaleFix() leaves the end of a residual branch small, and makes it smaller if it is large", () => {
  const add = (): Partial<LayerMeasurements> => ({
    name: "add",
    className: "Add",
    kind: "addition",
    activation: null,
    depth: 2,
    weights: [],
    inputs: ["dense_1", "dense_2"],
  });
  const first = { activation: "linear", inputs: [] };
  const last = { activation: "linear", inputs: ["dense_1"] };
  const of = (factor: number) => groups([kernelOf(1, first), kernelOf(factor, last), add()]);
  assertEquals(of(1 / 20), []);
  assertEquals(of(20), ["dense_2 by 1/20"]);
});

Deno.test("unscaledInputs() looks at what the front of a model makes of an input, and at no index", () => {
  const of = (given: Partial<InputMeasurements>[], front: Partial<LayerMeasurements>[] = []) => {
    const measurements = makeMeasurements(front);
    const perInput = given.map((one) => ({
      name: "pixels",
      shape: [32, 20],
      dtype: "float32",
      values: flat(255, 640),
      ...one,
    }));
    const said = unscaledInputs({ ...measurements, batch: { ...measurements.batch, perInput } });
    return said === null ? null : sayPlain(said).match(/(of (\w+) )?first|is \d+/g)!.join();
  };
  assertEquals(of([{}]), "first,is 255");
  assertEquals(of([{ dtype: "int32" }]), null);
  assertEquals(of([{ lookedUp: true }]), null);
  const scaled = (rms: number) =>
    of([{ scaledBy: ["scale"] }], [
      makeLayer({ name: "scale", activations: flat(rms, 640) }),
      makeLayer({ name: "other", activations: flat(99, 640) }),
    ]);
  assertEquals([scaled(LARGE_INPUT), scaled(4)], [null, "of scale first,is 4"]);
  assertEquals(of([{ scaledBy: ["scale"] }], [{ name: "scale", activations: null }]), null);
  // The largest of all inputs, in whatever order.
  assertEquals(of([{ values: flat(7, 640) }, {}]), "first,is 255");
  assertEquals(of([{}, { values: flat(7, 640) }]), "first,is 255");
  assertEquals(LARGE_INPUT, 3);
});
