import { defineRule } from "../../../../src/core/rules/define_rule.ts";
import {
  type Network,
  networkOf,
  offByAlikeness,
  offByDepth,
} from "../../../../src/core/rules/network/network.ts";
import type { NetworkView } from "../../../../src/core/rules/network/network_view.ts";
import { registerRule } from "../../../../src/core/rules/register_rule.ts";
import { runRules } from "../../../../src/core/rules/judge_rule.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
  statisticsOf,
} from "../../../networks/measurements.ts";
import { assert, assertAlmostEquals, assertEquals, assertStrictEquals } from "@std/assert";
import type {
  LayerMeasurements,
  TensorStatistics,
} from "../../../../src/core/measure/measurements.ts";
import { reluOffFractions } from "../../../../src/ground/theory/mean_field.ts";

Deno.test("networkOf() gives one view for the same measurements, and another for others", () => {
  const measurements = makeMeasurements();
  assertStrictEquals(networkOf(measurements), networkOf(measurements));
  assert(networkOf(makeMeasurements()) !== networkOf(measurements));
});

Deno.test("Network computes each part once, when it is asked for", () => {
  const measurements = makeMeasurements();
  let read = 0;
  const layers = new Proxy(measurements.layers, {
    get(target, key, receiver) {
      read++;
      return Reflect.get(target, key, receiver);
    },
  });
  const network = networkOf({ ...measurements, layers });
  assertEquals(read, 0);
  const parts = (view: Network) => [
    view.chain,
    view.plain,
    view.recurrentKernels,
    view.head,
    view.heads,
    view.shut,
    view.silent,
    view.heard,
    view.biases,
    view.signalPath(),
    view.signalPaths(),
    view.graph,
    view.theory,
    view.theory.critical,
    view.theory.usual,
    view.theory.local,
    view.theory.branches,
    view.offByAlikeness,
    view.offByDepth,
  ];
  const first = parts(network);
  const once = read;
  parts(network).forEach((part, i) => assertStrictEquals(part, first[i]));
  assertEquals(read, once);
});

Deno.test("Network keeps that a model has no single head", () => {
  const heads = [makeHead({ name: "p", heads: ["p"] }), makeHead({ name: "q", heads: ["q"] })];
  const network = networkOf(makeMeasurements([], { layers: [makeLayer(), ...heads] }));
  assertEquals([network.head, network.head], [null, null]);
  assertEquals(network.heads.map(({ name }) => name), ["p", "q"]);
});

Deno.test("Network.signalPath() and signalPaths() look at some layers alone where they are told to", () => {
  const network = networkOf(makeMeasurements());
  const some = network.layers.slice(1);
  assertEquals(network.signalPath().length, 3);
  assertEquals(network.signalPath(some).length, 2);
  assertEquals(network.signalPaths().map(({ length }) => length), [3]);
  assertEquals(network.signalPaths(some).map(({ length }) => length), [2]);
});

Deno.test("Network.heard is the network itself, or what is left without its silent layers", () => {
  const healthy = networkOf(makeMeasurements());
  assertStrictEquals(healthy.heard, healthy);
  const softmax = makeHead({
    name: "p",
    heads: ["p"],
    activation: "softmax",
    preActivationGradients: flat(1e-9, 32),
  });
  const layers = [makeLayer({ name: "trunk" }), softmax, makeHead({ name: "q", heads: ["q"] })];
  const network = networkOf(makeMeasurements([], { layers }));
  assertEquals([...network.silent].map(({ name }) => name), ["p"]);
  assertEquals(network.heard.layers.map(({ name }) => name), ["trunk", "q"]);
  assertEquals(network.heard.head?.layer.name, "q");
});

Deno.test("Network.trained tells biases that have moved", () => {
  const bias = (...values: number[]) =>
    makeWeight({
      name: "dense_1/bias",
      shape: [20],
      values: { ...flat(0, 20), std: values[0], maxAbs: values[0] },
    });
  const of = (std: number) =>
    networkOf(makeMeasurements([{ weights: [makeWeight(), bias(std)] }])).trained;
  assertEquals([of(0), of(0.5)], [false, true]);
});

Deno.test("every rule of one run is handed the same view, rules of a user's own too", () => {
  const seen: NetworkView[] = [];
  for (const name of ["team/one", "team/two"]) {
    registerRule(defineRule({
      name,
      tags: [],
      problem: "nothing",
      summary: "Looks.",
      fix: "Nothing.",
      figure: { title: "nothing", scale: "linear", of: () => null },
      judge({ network }) {
        seen.push(network);
        return [];
      },
    }));
  }
  const measurements = makeMeasurements();
  runRules(measurements);
  assertEquals(seen.length, 2);
  for (const network of seen) assertStrictEquals(network, networkOf(measurements));
});

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
  // 0.6 of the half of z that is not 0 is off: 0.5 + 0.3.
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
  // Layers before the kernel, after the layer or at another depth do not matter.
  assertEquals(isJudged(norm(-1), dense, act), true);
  assertEquals(isJudged(dense, act, norm(-1)), true);
  assertEquals(isJudged({ ...dense, depth: 0 }, act), false);
  assertEquals(isJudged(norm(0), act), true);
});

/** Returns the growth that depth explains in a chain of these activations. */
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
