import { defineRule } from "../../../src/rules/define_rule.ts";
import { type Network, networkOf } from "../../../src/rules/network/network.ts";
import type { NetworkView } from "../../../src/rules/network/network_view.ts";
import { registerRule } from "../../../src/rules/register_rule.ts";
import { runRules } from "../../../src/rules/judge_rule.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
} from "../../networks/measurements.ts";
import { assert, assertEquals, assertStrictEquals } from "@std/assert";

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
