import type { LayerMeasurements, TensorStatistics } from "../../../src/measure/measurements.ts";
import { networkOf, offByAlikeness, offByDepth } from "../../../src/rules/network/network.ts";
import { reluOffFractions } from "../../../src/theory/mean_field.ts";
import {
  flat,
  makeLayer,
  makeMeasurements,
  makeWeight,
  statisticsOf,
} from "../../networks/measurements.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";

/** Statistics of which that share is zeros. */
const zeros = (share: number): TensorStatistics => ({ ...flat(1, 640), zeroFraction: share });

/** A relu layer of 100 units: which share is dead, and which of a is 0. */
const relu = (dead: number | null, off: number, given: Partial<LayerMeasurements> = {}) =>
  makeLayer({
    activation: "relu",
    shape: [32, 100],
    deadFraction: dead,
    saturatedFraction: null,
    preActivations: zeros(0),
    activations: zeros(off),
    ...given,
  });

const alikeness = (...layers: LayerMeasurements[]) =>
  offByAlikeness(makeMeasurements([], { layers }), "constant");

const alwaysOn = (layer: LayerMeasurements) => alikeness(layer).get("dense")?.alwaysOn ?? null;

Deno.test("offByAlikeness() tells units that are always on by how often all are off", () => {
  // A tenth dead, a tenth always on, the rest half of the time: half of all.
  assertAlmostEquals(alwaysOn(relu(0.1, 0.5))!, 0.1, 1e-12);
  // 0.3 dead, 0.1 always on: 0.3 + 0.6 / 2 is off.
  assertAlmostEquals(alwaysOn(relu(0.3, 0.6))!, 0.1, 1e-12);
  // Off more often than that leaves none, and no more are on than are not dead.
  assertEquals([alwaysOn(relu(0.1, 0.6)), alwaysOn(relu(0.8, 0.2))!.toFixed(3)], [0, "0.200"]);
  const { chance } = alikeness(relu(0.1, 0.5)).get("dense")!;
  assertAlmostEquals(chance, 3 / Math.sqrt(100), 1e-12);
});

Deno.test("offByAlikeness() counts what a relu6 cuts off above, and no z that is 0", () => {
  const above = relu(0.3, 0.4, { activation: "relu6", saturatedFraction: 0.2 });
  assertAlmostEquals(alwaysOn(above)!, 0.1, 1e-12);
  // Of the half of z that is not 0, 0.6 is off: 0.5 + 0.3.
  const still = relu(0.3, 0.8, { preActivations: zeros(0.5) });
  assertAlmostEquals(alwaysOn(still)!, 0.1, 1e-12);
  assertEquals(alwaysOn(relu(0.3, 1, { preActivations: zeros(1) })), 0);
});

Deno.test("offByAlikeness() judges relus of known size that a symmetric kernel without biases feeds", () => {
  const isJudged = (given: Partial<LayerMeasurements>, dead: number | null = 0.1) =>
    alwaysOn(relu(dead, 0.5, given)) !== null;
  assertEquals([isJudged({}), isJudged({}, null)], [true, false]);
  assertEquals([isJudged({ activation: "elu" }), isJudged({ activation: "relu6" })], [false, true]);
  assertEquals([isJudged({ shape: null }), isJudged({ preActivations: null })], [false, false]);
  assertEquals(isJudged({ activations: null }), false);
  const measurements = makeMeasurements([], { layers: [relu(0.1, 0.5)] });
  assertEquals(offByAlikeness(measurements, "moved").size, 0);
  const weighed = (...weights: LayerMeasurements["weights"]) => isJudged({ weights });
  const kernel = makeWeight();
  const bias = (values: number[]) =>
    makeWeight({ name: "bias", shape: [20], values: statisticsOf(values) });
  assertEquals(weighed(kernel, bias([0.1, 0.1])), true);
  assertEquals(weighed(kernel, bias([0])), true);
  assertEquals(weighed(kernel, bias([-0.1, 0])), false);
  assertEquals(weighed(makeWeight({ name: "dense/recurrent_kernel" })), false);
  assertEquals(weighed(), false);
  // A mean of 400 entries of std 1: four standard errors are 0.2.
  const leaning = (mean: number) =>
    weighed(makeWeight({ values: { ...flat(1, 400), mean, std: 1 } }));
  assertEquals([0.199, 0.201, -0.199, -0.201].map(leaning), [true, false, true, false]);
});

Deno.test("offByAlikeness() looks at what lies between the last kernel and the layer", () => {
  const act = relu(0.1, 0.5, { name: "act", weights: [] });
  const dense = makeLayer({ name: "dense", activation: "linear" });
  const norm = (beta: number) =>
    makeLayer({
      name: "norm",
      activation: null,
      weights: [makeWeight({ name: "beta", shape: [20], values: statisticsOf([beta]) })],
    });
  const isJudged = (...layers: LayerMeasurements[]) => alikeness(...layers).has("act");
  assertEquals(isJudged(dense, act), true);
  assertEquals([isJudged(dense, norm(0), act), isJudged(dense, norm(-1), act)], [true, false]);
  // What stands before the kernel, after the layer or at another depth does not matter.
  assertEquals(isJudged(norm(-1), dense, act), true);
  assertEquals(isJudged(dense, act, norm(-1)), true);
  assertEquals(isJudged({ ...dense, depth: 0 }, act), false);
  assertEquals(isJudged(norm(0), act), true);
});

/** What depth explains in a chain of these activations. */
function byDepth(layers: Partial<LayerMeasurements>[], inputs = flat(1, 640)) {
  const measurements = makeMeasurements(layers);
  const { batch } = measurements;
  return offByDepth(networkOf(measurements).plain, { ...batch, inputs });
}

Deno.test("offByDepth() says of dense relus from the input up what depth explains", () => {
  const row = Array(3).fill({ activation: "relu" });
  const expected = reluOffFractions(3, 32);
  assertEquals([...byDepth(row).keys()], ["dense_1", "dense_2", "dense_3"]);
  assertEquals([...byDepth(row).values()], expected);
  const cut = byDepth([row[0], { activation: "tanh" }, row[0]]);
  assertEquals([...cut], [["dense_1", expected[0]]]);
  assertEquals(byDepth([{ activation: "tanh" }, row[0]]).size, 0);
  assertEquals(byDepth(row, flat(0, 640)).size, 0);
  // Inputs about 0.6 of an rms of 1 are alike by 0.36.
  const alike = byDepth(row, { ...flat(1, 640), mean: -0.6 });
  assertEquals([...alike.values()], reluOffFractions(3, 32, { correlation: 0.36 }));
  const same = byDepth(row, { ...flat(1, 640), mean: 1.0000001 });
  assertEquals([...same.values()], [0.5, 0.5, 0.5]);
  assertEquals(offByDepth("no row", makeMeasurements().batch).size, 0);
});
