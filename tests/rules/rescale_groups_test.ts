import type { InputMeasurements, LayerMeasurements } from "../../src/measure/measurements.ts";
import { networkOf } from "../../src/rules/network/network.ts";
import { sayPlain } from "../../src/rules/sentence.ts";
import { LARGE_INPUT, rescaleFix, unscaledInputs } from "../../src/rules/signal/rescale_fix.ts";
import { flat, makeLayer, makeMeasurements, makeWeight } from "../networks/measurements.ts";
import { assertEquals } from "@std/assert";

/** The rms of a healthy tanh kernel of 20 inputs. */
const HEALTHY = 1 / Math.sqrt(20);

/** A tanh layer whose kernel is so many times too large. */
const kernel = (factor: number, given: Partial<LayerMeasurements> = {}, units = 20) => ({
  weights: [makeWeight({ shape: [20, units], values: flat(factor * HEALTHY, 20 * units) })],
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
  assertEquals(groups([kernel(20), kernel(20 * 1.09)]).length, 1);
  assertEquals(groups([kernel(20), kernel(20 * 1.11)]).length, 2);
  assertEquals(groups([kernel(20), kernel(20 / 1.09)]).length, 1);
  assertEquals(groups([kernel(20), kernel(20 / 1.11)]).length, 2);
  // Each is near the one before it; the third is not near the first.
  assertEquals(groups([kernel(20), kernel(20 * 1.08), kernel(20 * 1.16)]).length, 2);
});

Deno.test("rescaleFix() puts no kernels together between which a healthy one or another activation lies", () => {
  assertEquals(groups([kernel(20), kernel(1), kernel(20)]).length, 2);
  assertEquals(groups([kernel(20), kernel(20, { role: "output" }), kernel(20)]).length, 2);
  const relu = kernel(20 * Math.SQRT2, { activation: "relu" });
  assertEquals(groups([kernel(20), relu]).length, 2);
  assertEquals(groups([kernel(20), kernel(20), kernel(20)]).length, 1);
});

Deno.test("rescaleFix() names three groups, and says that there are more", () => {
  const of = (count: number) =>
    groups(Array.from({ length: count }, (_, i) => kernel(20 * 9 ** i)));
  assertEquals(of(3), ["dense_1 by 1/20", "dense_2 by 1/180", "dense_3 by 1/1620"]);
  assertEquals(of(4).length, 4);
  assertEquals(of(4).at(-1), "and so on for the others");
});

Deno.test("rescaleFix() weighs the kernels of a group by their entries", () => {
  const found = groups([kernel(20), kernel(21.6, {}, 60)]);
  // (20^2 + 3 * 21.6^2) / 4 = 21.21^2
  assertEquals(found, ["dense_1, dense_2 by 1/21.2"]);
});

Deno.test("rescaleFix() names what is off by 1.1 where all such together are off by more than 2", () => {
  assertEquals(groups([kernel(1.41), kernel(1.41)]), []);
  assertEquals(groups([kernel(1.42), kernel(1.42)]).length, 1);
  assertEquals(groups([kernel(1 / 1.41), kernel(1 / 1.41)]), []);
  assertEquals(groups([kernel(1 / 1.42), kernel(1 / 1.42)]).length, 1);
  // Ups and downs make up for each other, and what is far off is not counted with them.
  assertEquals(groups([kernel(1.45), kernel(1 / 1.45)]), []);
  assertEquals(groups([kernel(20), kernel(1), kernel(1.45)]).length, 1);
  // 1.45^2 = 2.1: all that are off by more than 1.1 are named then.
  const named = (factor: number) => groups([kernel(1.45), kernel(1.45), kernel(factor)]).join();
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
  const of = (factor: number) => groups([kernel(1, first), kernel(factor, last), add()]);
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
