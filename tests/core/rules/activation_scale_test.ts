import { assert, assertAlmostEquals, assertEquals, assertMatch } from "@std/assert";
import type { Rule, RuleOptions } from "../../../src/core/rules/rule.ts";
import { activationScale } from "../../../src/core/rules/signal/activation_scale.ts";
import { initScale } from "../../../src/core/rules/weights/init_scale.ts";
import { measureDense, randomNetwork } from "../../networks/dense_network.ts";
import { flat } from "../../networks/measurements.ts";
import { branched, predicted, WIDTH } from "../../networks/predicted.ts";
import { boundsOf, type Theory, toldMeasurements } from "./told_theory.ts";

Deno.test("activationScale only warns of any scale while the signal survives", () => {
  // All ten drawn networks whose only fault is outputs that are 1000 times too small train.
  for (const factor of [1e-6, 1e6]) {
    const chain = predicted("tanh", 1, { deviations: [1, factor, 1] });
    assertEquals(activationScale.run(chain).map(({ severity }) => severity), ["warning"]);
  }
});

Deno.test("activationScale fails constant outputs if the signal dies, outside of added branches", () => {
  const of = (dead: number, branches: string[]) => {
    const still = { name: "a", activations: flat(0, 640), saturatedFraction: dead };
    const theory = { critical: [{ a: {} }], usual: { a: {} }, branches };
    return activationScale.run(toldMeasurements([still], theory))
      .map(({ severity, kind, measured }) => [severity, kind, measured]);
  };
  assertEquals(of(0.51, []), [["error", "too-small", 0]]);
  assertEquals(of(0.51, ["a"]), []);
  assertEquals(of(0, []), []);
});

Deno.test("activationScale passes within a factor of 2 and warns outside, up and down", () => {
  const check = (factor: number) =>
    activationScale.run(predicted("tanh", 1, { deviations: [1, factor, 1] }));
  assertEquals(check(1.99), []);
  assertEquals(check(1 / 1.99), []);
  for (const factor of [2.01, 1 / 2.01]) {
    const [finding, ...others] = check(factor);
    assertEquals(others, []);
    assertEquals([finding.severity, finding.layer], ["warning", "dense_2"]);
    assertAlmostEquals(finding.measured! / factor, 1, 1e-4);
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
    return activationScale.run(predicted("relu", Math.SQRT2, { deltas, deviations }), options);
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
  // A wider factor applies, and the signal does not drift from a custom target.
  assertEquals(check(limit * 1.5, { activationScaleFactor: 2 * limit }), []);
  const { std } = predicted("relu", Math.SQRT2).layers[0].activations!;
  assert(check(1.5, { activationTarget: std, activationScaleFactor: 1.2 }).length > 0);
});

Deno.test("activationScale follows the scale of the inputs, or a target of one's own", () => {
  const chain = predicted("relu", Math.SQRT2);
  const inputs = flat(10, 640);
  const perInput = [{ ...chain.batch.perInput[0], values: inputs }];
  const scaled = { ...chain, batch: { ...chain.batch, inputs, perInput } };
  assertEquals(activationScale.run(scaled).length, 3);
  const target = chain.layers[0].activations!.std;
  const options = { activationTarget: target, activationScaleFactor: 1.01 };
  assertEquals(activationScale.run(scaled, options), []);
  assertEquals(activationScale.run(chain, { activationTarget: 5 }).length, 3);
});

Deno.test("activationScale gives no verdict below 8 examples", () => {
  const chain = predicted("tanh", 1);
  const severities = (examples: number, options?: RuleOptions) =>
    activationScale.run({ ...chain, batch: { ...chain.batch, examples } }, options)
      .map(({ severity }) => severity);
  assertEquals([severities(8), severities(7)], [[], ["note"]]);
  assertEquals(severities(7, { minExamples: 7 }), []);
});

Deno.test("activationScale judges a network of another graph alike, outside of a factor of 2", () => {
  const check = (factor: number) => activationScale.run(branched({ deviations: [1, factor, 1] }));
  assertEquals([check(1.99), check(1 / 1.99)], [[], []]);
  for (const factor of [2.01, 1 / 2.01]) {
    const [finding, ...others] = check(factor);
    assertEquals(others, []);
    assertEquals([finding.severity, finding.layer], ["warning", "dense_2"]);
    assertAlmostEquals(finding.measured!, factor, 1e-3);
  }
  const off = branched({ deviations: [1, 3, 1] });
  assertEquals(activationScale.run(off, { layers: ["dense_1"] }), []);
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
    rule.run(measureDense(layers, inputs(32))).map(({ severity }) => severity);
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
    assertEquals(activationScale.run(chain).map(({ layer }) => layer), ["dense_2"]);
  }
});

/** Findings about a layer whose outputs have this standard deviation. */
function scale(
  std: number,
  theory: Theory,
  options?: RuleOptions,
) {
  const layers = [{ name: "a", activations: flat(std, 640) }, { name: "b", activations: null }];
  return activationScale.run(toldMeasurements(layers, theory), options);
}

Deno.test("activationScale lets pass what is within twice of any healthy draw, and excuses the usual one", () => {
  const theory = {
    critical: [{ a: { std: 0.5, mean: 3 } }, { a: { std: 0.8 } }],
    usual: { a: { std: 0.2 } },
  };
  const of = (std: number) => scale(std, theory).map(({ kind, measured }) => [kind, measured]);
  for (const std of [0.8 * 1.99, 0.65, 0.5 / 1.99]) assertEquals(of(std), [], `${std}`);
  const [[large, above]] = of(0.8 * 2.01);
  const [[small, below]] = of(0.2 / 2.01);
  const [[usual]] = of(0.2 / 1.99);
  assertEquals([large, small, usual], ["too-large", "too-small", "small"]);
  assertAlmostEquals(above as number, 2.01, 1e-9);
  // By how much it is off a critical network, not the usual one.
  assertAlmostEquals(below as number, 0.2 / 2.01 / 0.5, 1e-9);
});

Deno.test("activationScale gives the figures, the layer and what was expected", () => {
  const [{ figures, layer, threshold, expected, severity }] = scale(3, {
    critical: [{ a: { std: 0.5 } }],
    usual: { a: { std: 0.5 } },
  });
  assertEquals([figures?.std.value, figures?.expected.value], [3, 0.5]);
  assertEquals([layer, threshold, severity], ["a", "activationScaleFactor", "warning"]);
  assertEquals(boundsOf(expected), [0.5, 2]);
});

Deno.test("activationScale excuses no draw that is 30 times too small or 10 times too large", () => {
  const of = (std: number, usual: number) =>
    scale(std, { critical: [{ a: { std: 0.5 } }], usual: { a: { std: usual } } })
      .map(({ kind }) => kind);
  assertEquals([of(0.5 / 29.9, 0.01), of(0.5 / 30.1, 0.01)], [["small"], ["too-small"]]);
  assertEquals([of(0.5 * 9.9, 9), of(0.5 * 10.1, 9)], [["large"], ["too-large"]]);
});

Deno.test("activationScale allows three standard deviations of what theory is unsure of", () => {
  const theory = (doubts: number[]) => ({
    critical: doubts.map((doubt) => ({ a: { std: 0.5, doubt } })),
    usual: { a: { std: 0.5 } },
  });
  // exp(1.5) = 4.48.
  for (const doubts of [[0.5, 0], [0, 0.5]]) {
    assertEquals(scale(0.5 * 4.4, theory(doubts)), []);
    assertEquals(scale(0.5 * 4.5, theory(doubts)).length, 1);
  }
  // Less than a factor of 2 makes it no stricter.
  assertEquals(scale(0.5 * 1.99, theory([0.1, 0.1])), []);
});

Deno.test("activationScale compares with a target where one is asked for, and with nothing else", () => {
  const theory = { critical: [{ a: { std: 0.5, doubt: 9 } }], usual: { a: { std: 4 } } };
  const of = (std: number) => scale(std, theory, { activationTarget: 0.1 });
  assertEquals([of(0.199), of(0.051)], [[], []]);
  assertEquals([of(0.201)[0].kind, of(0.049)[0].kind], ["too-large", "too-small"]);
  assertEquals(of(0.201)[0].message.includes("should be about 0.1 (0.05 to 0.2)"), true);
});

Deno.test("activationScale leaves out what is not finite, not asked for or not described", () => {
  const theory = { critical: [{ a: {}, b: {} }], usual: { a: {}, b: {} } };
  assertEquals(scale(99, theory).length, 1);
  assertEquals(scale(99, theory, { layers: ["b"] }), []);
  assertEquals(scale(99, { critical: [{ a: {} }, {}], usual: { a: {} } }), []);
  const infinite = { name: "a", activations: { ...flat(99, 640), nonFinite: 1 } };
  assertEquals(activationScale.run(toldMeasurements([infinite], theory)), []);
});
