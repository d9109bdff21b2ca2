import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { gradientRatio } from "../../src/rules/signal/gradient_ratio.ts";
import { measureDense, randomNetwork } from "../networks/dense_network.ts";
import { branched, limitOf, predicted, WIDTH } from "../networks/predicted.ts";

Deno.test("gradientRatio finds nothing in what theory predicts of kernels at any scale", () => {
  for (const sigma of [0.5, 1, 2]) {
    assertEquals(gradientRatio.check(predicted("relu", sigma)), [], `sigma ${sigma}`);
  }
});

// 2^sqrt(128 / 64) = 2.665.
for (const [width, inside, outside] of [[256, 1.99, 2.01], [128, 1.99, 2.01], [64, 2.66, 2.67]]) {
  Deno.test(`gradientRatio passes within ${inside} over ${width} units and warns outside`, () => {
    const check = (factor: number) =>
      gradientRatio.check(predicted("tanh", 1, { deltas: [factor, 1, 1], width }));
    assertEquals(check(inside), []);
    assertEquals(check(1 / inside), []);
    for (const factor of [outside, 1 / outside]) {
      const [finding, ...others] = check(factor);
      assertEquals(others, []);
      assertEquals([finding.severity, finding.layer], ["warning", "dense_1"]);
      assertAlmostEquals(finding.measured!, factor, 1e-9);
    }
  });
}

Deno.test("gradientRatio takes another factor and passes over narrow layers", () => {
  const off = predicted("tanh", 1, { deltas: [1.2, 1, 1], width: 128 });
  assertEquals(gradientRatio.check(off, { gradientRatioFactor: 1.25 }), []);
  assertEquals(gradientRatio.check(off, { gradientRatioFactor: 1.15 }).length, 1);
  assertEquals(gradientRatio.check(off, { gradientRatioFactor: 1.15, minWidth: 129 }), []);
  const wild = (width: number) => predicted("tanh", 1, { deltas: [99, 1, 1], width });
  assertEquals([64, 63].map((width) => gradientRatio.check(wild(width)).length), [1, 0]);
});

Deno.test("gradientRatio has no ratio to a layer that receives nothing", () => {
  const found = (...deltas: number[]) =>
    gradientRatio.check(predicted("tanh", 1, { deltas, width: 128 }))
      .map(({ layer, measured }) => [layer, measured]);
  assertEquals(found(1, 0, 1), [["dense_2", 0]]);
  assertEquals([found(1, 1, 0), found(0, 0, 0)], [[], []]);
});

Deno.test("gradientRatio finds biases that push z to one side in a real network", () => {
  const options = { depth: 4, width: WIDTH, activation: "tanh", sigma: 1, seed: 1 };
  const { layers, inputs } = randomNetwork(options);
  const x = inputs(32);
  assertEquals(gradientRatio.check(measureDense(layers, x)), []);
  layers[1].bias.fill(3);
  const findings = gradientRatio.check(measureDense(layers, x));
  assertEquals(findings.map(({ severity, layer }) => [severity, layer]), [["error", "dense_2"]]);
});

Deno.test("gradientRatio only warns in a network of another graph, beyond the square of its factor", () => {
  const check = (factor: number, width = 128) =>
    gradientRatio.check(branched({ deltas: [factor, 1, 1], width }));
  const [finding, ...others] = check(99);
  assertEquals([finding.severity, finding.layer, others.length], ["warning", "dense_1", 0]);
  const limit = limitOf(finding.expected);
  assert(limit > 4 && limit < 8, `${limit}`);
  assertEquals([check(0.95 * limit), check(1 / 0.95 / limit)], [[], []]);
  assertEquals([check(1.05 * limit).length, check(1 / 1.05 / limit).length], [1, 1]);
  assertEquals([64, 63].map((width) => check(1e4, width).length), [1, 0]);
});
