import type { LayerMeasurements } from "../../../src/core/measure/measurements.ts";
import { regularization } from "../../../src/core/rules/task/regularization.ts";
import { HEALTHY, testBrokenNetwork } from "../assert/test_broken_network.ts";
import { buildControl } from "../../networks/controls.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
} from "../../networks/measurements.ts";
import { penalisedChain, SIGMA } from "./penalised_chain.ts";
import { testThreshold } from "./test_threshold.ts";
import { assert, assertEquals, assertStringIncludes } from "@std/assert";

testBrokenNetwork("regularization", {
  task: "meanSquaredError",
  create: (tf) => {
    const model = buildControl(tf, HEALTHY, { style: "fused", task: "meanSquaredError", seed: 11 });
    const layers = model.layers.toSpliced(2, 0, tf.layers.dropout({ rate: 0.7 }));
    return tf.sequential({ layers });
  },
});

/** A network with layers of dropout of these rates. */
function dropping(rates: number[], more: Partial<LayerMeasurements>[] = []) {
  const drops = rates.map((dropout, i) =>
    makeLayer({ name: `drop_${i + 1}`, className: "Dropout", weights: [], dropout })
  );
  const layers = [makeLayer(), ...drops, ...more.map(makeLayer), makeHead({ depth: 2 })];
  return makeMeasurements([], { layers });
}

testThreshold("dropoutRate", {
  judge: (rate, options) => regularization.run(dropping([rate, 0.1]), options),
  inside: [0, 0.59],
  outside: [0.6, 0.95],
  severity: "warning",
});

testThreshold("dropoutKept", {
  // Ten layers of one rate: 0.7 ** 10 is 0.028, and 0.71 ** 10 is 0.033.
  judge: (rate, options) => regularization.run(dropping(Array(10).fill(rate)), options),
  inside: [0.1, 0.29],
  outside: [0.3, 0.5],
  severity: "error",
  loose: 0,
});

Deno.test("regularization multiplies what layers in a row keep, and no branches", () => {
  const rates = Array(10).fill(0.4);
  assertEquals(regularization.run(dropping(rates)).map(({ kind }) => kind), ["stacked-dropout"]);
  for (const className of ["Add", "Concatenate", "Multiply", "Unheard"]) {
    const branch = { name: "branch", className, activation: null, weights: [] };
    assertEquals(regularization.run(dropping(rates, [branch])), [], className);
  }
});

Deno.test("regularization judges what a recurrent layer drops of its state", () => {
  const [finding] = regularization.run(makeMeasurements([{ recurrentDropout: 0.8 }]));
  assertStringIncludes(finding.message, "dense_1 drops 80 % of the entries in training");
});

/** A penalty of a size, of a kernel with the l2 norm 4 under gradients of l2 norm sqrt(2) / 5 in all. */
const penalised = (penalty: number, objective = "meanSquaredError") =>
  makeMeasurements([{ penalty }], {
    objective: { name: objective, value: 1, penalty },
    layers: [
      makeLayer({
        name: "dense_1",
        penalty,
        weights: [makeWeight({ values: flat(0.2, 400), gradients: flat(0.01, 400) })],
      }),
      makeHead({
        depth: 2,
        weights: [makeWeight({ shape: [20, 20], gradients: flat(0.01, 400) })],
      }),
    ],
  });

/** The gradient of an L2 penalty p is 2 p / l2(w). */
const RATIO = 2 / 4 / (Math.SQRT2 / 5);

testThreshold("penaltyGradient", {
  judge: (ratio, options) => regularization.run(penalised(ratio / RATIO), options),
  inside: [0.01, 4.99],
  outside: [5.01, 9.99],
  severity: "warning",
});

testThreshold("penaltyGradientError", {
  judge: (ratio, options) => regularization.run(penalised(ratio / RATIO), options),
  inside: [0.01, 9.99],
  outside: [10.01, 1e4],
  severity: "error",
});

Deno.test("regularization calls penalties and dropout errors only where nothing makes up for them", () => {
  const severities = (found: ReturnType<typeof regularization.run>) =>
    found.map(({ severity, kind }) => [severity, kind]);
  const drowned = penalised(20 / RATIO);
  assertEquals(severities(regularization.run(drowned)), [["error", "penalties"]]);
  const norm = makeLayer({ name: "norm", kind: "normalization", weights: [] });
  assertEquals(
    severities(regularization.run({ ...drowned, layers: [...drowned.layers, norm] })),
    [["warning", "penalties"]],
  );
  assertEquals(severities(regularization.run(dropping([0.9]))), [["warning", "dropout"]]);
  assertEquals(severities(regularization.run(dropping([0.98]))), [["error", "dropout"]]);
  const both = [0.9, 0.8];
  assertEquals(severities(regularization.run(dropping(both))), [["error", "stacked-dropout"]]);
  const branch = { name: "add", className: "Add", activation: null, weights: [] };
  assertEquals(severities(regularization.run(dropping(both, [branch]))), [[
    "warning",
    "dropout",
  ]]);
});

Deno.test("regularization says which share of the loss penalties make up, and nothing under a sum", () => {
  const [finding] = regularization.run(penalised(9));
  assertStringIncludes(finding.message, "they make up 90 % of the objective");
  assertEquals(regularization.run(penalised(9, "sum")), []);
});

Deno.test("regularization names the layers that drop too much, and them alone", () => {
  const said = (...rates: number[]) => {
    const [{ message, fix, layer, layers }] = regularization.run(dropping(rates));
    return [message.split(" of the entries")[0], fix.split(":")[0], layer, layers];
  };
  assertEquals(said(0.1, 0.7), [
    "drop_2 drops 70 %",
    "Lower the rate of drop_2",
    "drop_2",
    undefined,
  ]);
  const both = ["drop_1", "drop_2"];
  const fix = "Lower the rate of drop_1, drop_2";
  assertEquals(said(0.7, 0.7), ["drop_1, drop_2 each drop 70 %", fix, "drop_1", both]);
  assertEquals(said(0.7, 0.8), ["drop_1, drop_2 drop up to 80 %", fix, "drop_1", both]);
});

Deno.test("regularization counts the layers that drop in a row, without those of a rate of 0", () => {
  const [{ message, fix }] = regularization.run(dropping([0, ...Array(10).fill(0.4)]));
  assertStringIncludes(message, "10 layers of dropout in a row");
  assertStringIncludes(fix, "drop_11");
});

Deno.test("regularization counts small penalties, and no gradient of what is frozen", () => {
  const { layers, ...rest } = penalised(0.5);
  const weaker = layers.map((layer) => ({
    ...layer,
    weights: [
      ...layer.weights.map((weight) => ({ ...weight, gradients: flat(0.001, 400) })),
      makeWeight({
        name: "frozen/bias",
        shape: [20],
        values: flat(0, 20),
        trainable: false,
        gradients: null,
      }),
    ],
  }));
  const [finding] = regularization.run({ ...rest, layers: weaker });
  // 2 * 0.5 / 4 over sqrt(2) / 50.
  assertEquals(
    Number(finding.measured!.toPrecision(6)),
    Number((0.25 / (Math.SQRT2 / 50)).toPrecision(6)),
  );
  assertEquals([finding.layer, finding.layers], ["dense_1", undefined]);
  const [first, head] = weaker;
  const two = [first, { ...first, name: "dense_2", depth: 2 }, { ...head, depth: 3 }];
  assertEquals(regularization.run({ ...rest, layers: two })[0].layers, ["dense_1", "dense_2"]);
  const { penalty: _, ...objective } = rest.objective;
  const [{ figures }] = regularization.run({ ...rest, objective, layers: weaker });
  assertEquals(figures!.share.value, 0);
});

Deno.test("regularization does not judge a trained network", () => {
  for (const measurements of [dropping([0.9]), penalised(9)]) {
    assertEquals(regularization.run(measurements, {}, true), []);
    assertEquals(regularization.run(measurements, {}, false).length, 1);
  }
});

/** Product of the weights that gradient descent ends at, from a perfect fit under penalties. */
function trainedProduct(count: number, penalty: number): number {
  let weight = SIGMA ** (1 / count);
  // All weights are equal, and stay so: the loss is (w^n - 0.3)^2 + n l w^2.
  for (let step = 0; step < 2e6; step++) {
    const error = weight ** count - SIGMA;
    weight -= 1e-3 * 2 * (error * weight ** (count - 1) + penalty * weight);
  }
  return weight ** count;
}

Deno.test("regularization finds penalties that flatten a chain where gradient descent loses its fit", () => {
  for (const count of [2, 3, 4]) {
    const [{ measured }] = regularization.run(penalisedChain(count, 0.5));
    const limit = 0.5 / measured!;
    assert(trainedProduct(count, 0.98 * limit) > 3e-3, `${count} below`);
    assert(trainedProduct(count, 1.02 * limit) < 1e-3, `${count} above`);
    const kinds = (penalty: number) =>
      regularization.run(penalisedChain(count, penalty)).map((
        { severity, kind },
      ) => [severity, kind]);
    assertEquals(kinds(0.99 * limit), []);
    assertEquals(kinds(1.01 * limit), [["error", "flattening"]]);
  }
});

Deno.test("regularization judges by theory only what theory describes", () => {
  const kinds = (...given: Parameters<typeof penalisedChain>) =>
    regularization.run(penalisedChain(...given)).map(({ kind }) => kind);
  assertEquals(kinds(3, 0.5), ["flattening"]);
  // A single layer shrinks, and never to nothing.
  assertEquals(kinds(1, 0.5), []);
  assertEquals(kinds(3, 0.5, { activation: "softmax" }), []);
  // As under L1 penalties, the sums are not those of squares.
  assertEquals(kinds(3, 0.5, { penalty: 0.51 }), []);
  assertEquals(kinds(3, 0.5, { penalty: 0 }), []);
  assertEquals(kinds(3, 0.5, { kind: "normalization", weights: [] }), []);
});
