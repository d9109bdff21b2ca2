import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import type { Rule, RuleOptions } from "../../src/rules/rule.ts";
import { activationScale } from "../../src/rules/signal/activation_scale.ts";
import { initScale } from "../../src/rules/weights/init_scale.ts";
import { measureDense, randomNetwork } from "../networks/dense_network.ts";
import { flat } from "../networks/measurements.ts";
import { branched, predicted, WIDTH } from "../networks/predicted.ts";
import { boundsOf } from "./told_theory.ts";

Deno.test("activationScale fails what is 1000 times too small by itself", () => {
  const check = (factor: number) =>
    activationScale.check(predicted("tanh", 1, { deviations: [1, factor, 1] }))
      .map(({ severity }) => severity);
  assertEquals(check(1 / 999), ["warning"]);
  assertEquals(check(1 / 1001), ["error"]);
  assertEquals(check(1001), ["warning"]);
});

Deno.test("activationScale passes within a factor of 2 and warns outside, up and down", () => {
  const check = (factor: number) =>
    activationScale.check(predicted("tanh", 1, { deviations: [1, factor, 1] }));
  assertEquals(check(1.99), []);
  assertEquals(check(1 / 1.99), []);
  for (const factor of [2.01, 1 / 2.01]) {
    const [finding, ...others] = check(factor);
    assertEquals(others, []);
    assertEquals([finding.severity, finding.layer], ["warning", "dense_2"]);
    assertAlmostEquals(finding.measured!, factor, 1e-9);
    assertMatch(
      finding.message,
      /^The outputs of `dense_2` are too (small|large): spread [\d.]+, should be about [\d.]+ \([\d.]+ to [\d.]+\)\.$/,
    );
    assertEquals(boundsOf(finding.expected), [0.5, 2]);
  }
});

Deno.test("activationScale allows what layers of that width wander by chance", () => {
  const depth = 12;
  const check = (factor: number, options?: RuleOptions) => {
    const deviations = [...Array(depth - 1).fill(1), factor];
    const deltas = Array(depth).fill(1);
    return activationScale.check(predicted("relu", Math.SQRT2, { deltas, deviations }), options);
  };
  // Three standard deviations of the logarithm of a relu network's scale; more than a factor of 2.
  const limit = Math.exp(3 * Math.sqrt(5 * depth / WIDTH) / 2);
  assert(limit > 2);
  for (const bound of [limit, 1 / limit]) {
    assertEquals(check(bound ** 0.99), []);
    const [finding] = check(bound ** 1.01);
    const [low, high] = boundsOf(finding.expected)!;
    assertAlmostEquals(high, limit, 1e-3);
    assertAlmostEquals(low, 1 / limit, 1e-3);
  }
  // A wider factor holds, and a target of one's own is not wandered from.
  assertEquals(check(limit * 1.5, { activationScaleFactor: 2 * limit }), []);
  const { std } = predicted("relu", Math.SQRT2).layers[0].activations!;
  assert(check(1.5, { activationTarget: std, activationScaleFactor: 1.2 }).length > 0);
});

Deno.test("activationScale follows the scale of the inputs, or a target of one's own", () => {
  const chain = predicted("relu", Math.SQRT2);
  const inputs = flat(10, 640);
  const scaled = { ...chain, batch: { ...chain.batch, inputs } };
  assertEquals(activationScale.check(scaled).length, 3);
  const target = chain.layers[0].activations!.std;
  const options = { activationTarget: target, activationScaleFactor: 1.01 };
  assertEquals(activationScale.check(scaled, options), []);
  assertEquals(activationScale.check(chain, { activationTarget: 5 }).length, 3);
});

Deno.test("activationScale gives no verdict below 8 examples", () => {
  const chain = predicted("tanh", 1);
  const severities = (examples: number, options?: RuleOptions) =>
    activationScale.check({ ...chain, batch: { ...chain.batch, examples } }, options)
      .map(({ severity }) => severity);
  assertEquals([severities(8), severities(7)], [[], ["note"]]);
  assertEquals(severities(7, { minExamples: 7 }), []);
});

Deno.test("activationScale only warns in a network of another graph, outside of a factor of 2", () => {
  const check = (factor: number) => activationScale.check(branched({ deviations: [1, factor, 1] }));
  assertEquals([check(1.99), check(1 / 1.99)], [[], []]);
  for (const factor of [2.01, 1 / 2.01]) {
    const [finding, ...others] = check(factor);
    assertEquals(others, []);
    assertEquals([finding.severity, finding.layer], ["warning", "dense_2"]);
    assertAlmostEquals(finding.measured!, factor, 1e-3);
  }
  const off = branched({ deviations: [1, 3, 1] });
  assertEquals(activationScale.check(off, { layers: ["dense_1"] }), []);
});

const selu = (sigma: number, depth = 8) => {
  const { layers, inputs } = randomNetwork({
    depth,
    width: 64,
    activation: "selu",
    sigma,
    seed: 9,
  });
  const errors = (rule: Rule) =>
    rule.check(measureDense(layers, inputs(32))).map(({ severity }) => severity);
  return { activation: errors(activationScale), init: errors(initScale) };
};

Deno.test("activationScale and initScale pass selu at LeCun's scale, at chi = 1 and between", () => {
  for (const sigma of [1, 0.6905, 0.83]) {
    assertEquals(selu(sigma), { activation: [], init: [] }, `sigma ${sigma}`);
  }
});

Deno.test("activationScale warns of selu well below its smaller critical scale and above its larger", () => {
  for (const sigma of [0.4, 2]) {
    assertEquals(selu(sigma).activation.includes("warning"), true, `sigma ${sigma}`);
  }
});

Deno.test("activationScale judges whatever a report says of the kernels, if only their deviation", () => {
  const chain = predicted("tanh", 1, { deviations: [1, 9, 1] });
  for (const rms of [NaN, Infinity]) {
    for (const { weights: [kernel] } of chain.layers) kernel.values = { ...kernel.values, rms };
    assertEquals(activationScale.check(chain).map(({ layer }) => layer), ["dense_2"]);
  }
});
