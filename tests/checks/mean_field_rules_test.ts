import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { activationScale } from "../../src/checks/rules/activation_scale.ts";
import type { CheckOptions } from "../../src/checks/check_options.ts";
import { gradientBalance } from "../../src/checks/rules/gradient_balance.ts";
import { gradientRatio } from "../../src/checks/rules/gradient_ratio.ts";
import { initScale } from "../../src/checks/rules/init_scale.ts";
import type { Finding } from "../../src/checks/finding.ts";
import type { Rule } from "../../src/checks/rule.ts";
import type { LayerMeasurements } from "../../src/measure/measurements.ts";
import { meanField } from "../../src/theory/mean_field.ts";
import { measureDense, randomNetwork } from "./dense_network.ts";
import { flat, makeLayer, makeMeasurements, makeWeight } from "./make_measurements.ts";

const WIDTH = 64;

/** A chain of wide critical layers with figures just as mean-field theory predicts, times factors. */
function predicted(
  activation: string,
  sigma: number,
  { deltas = [1, 1, 1], deviations = [1, 1, 1], width = WIDTH }: {
    deltas?: number[];
    deviations?: number[];
    width?: number;
  } = {},
) {
  const states = meanField(deltas.map(() => ({ activation, weightVariance: sigma ** 2 })));
  let signal = 1;
  const layers = states.map(() => ({} as Partial<LayerMeasurements>));
  for (let i = states.length - 1; i >= 0; i--) {
    if (i < states.length - 1) signal *= states[i].chi;
    layers[i] = {
      activation,
      preActivations: flat(Math.sqrt(states[i].preActivationVariance), width * 32),
      activations: flat(states[i].activationStd * deviations[i], width * 32),
      preActivationGradients: flat(Math.sqrt(signal * deltas[i]), width * 32),
      weights: [makeWeight({
        shape: [width, width],
        values: flat(sigma / Math.sqrt(width), width * width),
      })],
    };
  }
  return makeMeasurements(layers);
}

Deno.test("the mean-field rules find nothing in what theory predicts", () => {
  for (const [activation, sigma] of [["tanh", 1], ["relu", Math.SQRT2], ["selu", 1]] as const) {
    for (const rule of [gradientRatio, gradientBalance, activationScale]) {
      assertEquals(rule.check(predicted(activation, sigma)), [], `${rule.name} ${activation}`);
    }
  }
});

Deno.test("gradientRatio finds nothing in what theory predicts of kernels at any scale", () => {
  for (const sigma of [0.5, 1, 2]) {
    assertEquals(gradientRatio.check(predicted("relu", sigma)), [], `sigma ${sigma}`);
  }
});

Deno.test("the mean-field rules know the slope of a leaky relu, over 100 layers", () => {
  const sigma = Math.sqrt(2 / (1 + 0.01 ** 2));
  const all = { deltas: Array(100).fill(1), deviations: Array(100).fill(1) };
  const of = (activation: string) => predicted(activation, sigma, all);
  for (const rule of [gradientRatio, gradientBalance, activationScale, initScale]) {
    assertEquals(rule.check(of("leakyRelu(0.01)")), [], rule.name);
  }
  // With the slope 0.3 the same kernels are 1.044 times too large, layer by layer.
  assertEquals(
    activationScale.check(of("leakyRelu")).some(({ severity }) => severity === "warning"),
    true,
  );
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

Deno.test("gradientRatio finds biases that push z to one side in a real network", () => {
  const options = { depth: 4, width: WIDTH, activation: "tanh", sigma: 1, seed: 1 };
  const { layers, inputs } = randomNetwork(options);
  const x = inputs(32);
  assertEquals(gradientRatio.check(measureDense(layers, x)), []);
  layers[1].bias.fill(3);
  const findings = gradientRatio.check(measureDense(layers, x));
  assertEquals(findings.map(({ severity, layer }) => [severity, layer]), [["error", "dense_2"]]);
});

Deno.test("gradientBalance passes below a thousandfold of the critical spread and warns above", () => {
  const check = (factor: number) =>
    gradientBalance.check(predicted("relu", Math.SQRT2, { deltas: [factor, 1, 1] }));
  assertEquals(check(999), []);
  assertEquals(check(1 / 999), []);
  const [up] = check(1001);
  assertEquals([up.severity, up.layers], ["warning", ["dense_2", "dense_1"]]);
  const [down] = check(1 / 1001);
  assertEquals(down.layer, "dense_1");
});

Deno.test("the mean-field rules fail what is off where the signal is measured to die", () => {
  const deaths: [Partial<LayerMeasurements>, string][] = [
    [{ saturatedFraction: 0.5 }, "warning"],
    [{ saturatedFraction: 0.51 }, "error"],
  ];
  for (const [dead, severity] of deaths) {
    const worst = (given: Parameters<typeof predicted>[2], rule: Rule) => {
      const measurements = predicted("relu", Math.SQRT2, given);
      Object.assign(measurements.layers[2], dead);
      return rule.check(measurements)[0].severity;
    };
    assertEquals(worst({ deltas: [2.1, 1, 1], width: 128 }, gradientRatio), severity);
    assertEquals(worst({ deltas: [1001, 1, 1] }, gradientBalance), severity);
    assertEquals(worst({ deviations: [1, 3, 1] }, activationScale), severity);
  }
});

Deno.test("activationScale fails what is 1000 times too small by itself", () => {
  const check = (factor: number) =>
    activationScale.check(predicted("tanh", 1, { deviations: [1, factor, 1] }))
      .map(({ severity }) => severity);
  assertEquals(check(1 / 999), ["warning"]);
  assertEquals(check(1 / 1001), ["error"]);
  assertEquals(check(1001), ["warning"]);
});

Deno.test("gradientBalance allows the drift of a deep critical tanh network, and takes a limit", () => {
  const deep = predicted("tanh", 1, { deltas: Array(30).fill(1), deviations: Array(30).fill(1) });
  assertEquals(gradientBalance.check(deep, { gradientBalance: 1.01 }), []);
});

Deno.test("gradientBalance allows what TensorFlow.js cuts off its normals, and nothing else", () => {
  const all = { deltas: Array(30).fill(1), deviations: Array(30).fill(1) };
  const check = (share: number) =>
    gradientBalance.check(predicted("relu", share * Math.SQRT2, all)).map(({ severity }) =>
      severity
    );
  // 0.88^58 = 1 / 1700.
  assertEquals(check(0.88), []);
  assertEquals(check(0.8), ["warning"]);
  assertEquals(check(1.14), ["warning"]);
});

Deno.test("gradientBalance judges sigmoid against perfect balance", () => {
  const chain = predicted("sigmoid", 1, { deltas: [1, 1, 1, 1], deviations: [1, 1, 1, 1] });
  const [finding] = gradientBalance.check(chain);
  assertEquals(finding.severity, "warning");
});

Deno.test("gradientBalance gives no verdict on narrow layers, and says so", () => {
  const [finding] = gradientBalance.check(predicted("tanh", 1), { minWidth: 65 });
  assertEquals(finding.severity, "note");
  assertStringIncludes(finding.message, "dense_1 has 64 units");
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
    assertStringIncludes(finding.message, "expected 0.5 .. 2 times (activationScaleFactor).");
  }
});

Deno.test("activationScale allows what layers of that width wander by chance", () => {
  const depth = 12;
  const check = (factor: number, options?: CheckOptions) => {
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
    assertStringIncludes(
      finding.message,
      "times (activationScaleFactor 2, widened for this width and depth).",
    );
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
  const severities = (examples: number, options?: CheckOptions) =>
    activationScale.check({ ...chain, batch: { ...chain.batch, examples } }, options)
      .map(({ severity }) => severity);
  assertEquals([severities(8), severities(7)], [[], ["note"]]);
  assertEquals(severities(7, { minExamples: 7 }), []);
});

/** A chain whose head sends its last layer just the delta that it has. */
function whole(given: Parameters<typeof predicted>[2] = {}) {
  const { deltas = [1, 1, 1], width = WIDTH } = given;
  const chain = predicted("tanh", 1, given);
  const { chi } = meanField(deltas.map(() => ({ activation: "tanh", weightVariance: 1 }))).at(-1)!;
  const layers = chain.layers.map((layer) =>
    layer.role === "hidden" ? layer : {
      ...layer,
      weights: [makeWeight({
        name: "head/kernel",
        shape: [width, 1],
        values: flat(Math.sqrt(deltas.at(-1)! / chi), width),
      })],
    }
  );
  return { ...chain, layers };
}

/** Such a chain as a network that is no row of layers: its first layer is called twice. */
function branched(given: Parameters<typeof predicted>[2]) {
  const chain = whole(given);
  const [first, ...rest] = chain.layers;
  return { ...chain, layers: [{ ...first, calls: 2 }, ...rest] };
}

Deno.test("the mean-field rules judge what is no row of layers, and say nothing of what fits", () => {
  const chain = whole();
  const [first, ...rest] = chain.layers;
  const [input] = chain.batch.perInput;
  const cases: (typeof chain)[] = [
    { ...chain, layers: [{ ...first, calls: 2 }, ...rest] },
    { ...chain, layers: [{ ...first, activation: "sine" }, ...rest] },
    { ...chain, batch: { ...chain.batch, perInput: [input, input] } },
  ];
  for (const rule of [gradientRatio, gradientBalance, activationScale]) {
    for (const [index, measurements] of cases.entries()) {
      assertEquals(rule.check(measurements), [], `${rule.name} ${index}`);
    }
  }
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

/** Both sides of the limit that a warning of such a network names last. */
function limitOf({ bounds }: Finding["expected"]): number {
  return bounds!.at(-1)!;
}

Deno.test("gradientBalance only warns in a network of another graph, with room for its width", () => {
  const check = (factor: number) => gradientBalance.check(branched({ deltas: [factor, 1, 1] }));
  const [finding] = check(1e6);
  assertEquals([finding.severity, finding.layer], ["warning", "dense_1"]);
  const limit = limitOf(finding.expected);
  assert(limit > 1000 && limit < 3000, `${limit}`);
  assertEquals([check(0.95 * limit), check(1 / 0.95 / limit)], [[], []]);
  assertEquals([check(1.05 * limit).length, check(1 / 1.05 / limit).length], [1, 1]);
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

Deno.test("the mean-field rules say once that theory describes no layer of a network", () => {
  const chain = predicted("tanh", 1);
  const layers = chain.layers.map(({ kernelLayout: _, ...layer }): LayerMeasurements =>
    layer.role === "output" ? layer : { ...layer, className: "Mine", kind: "opaque" }
  );
  const said = [gradientRatio, gradientBalance, activationScale].flatMap((rule) =>
    rule.check({ ...chain, layers })
  );
  assertEquals(said.map(({ rule, severity }) => [rule, severity]), [["gradient-ratio", "note"]]);
  assertStringIncludes(said[0].message, "the first of which is dense_1 (Mine)");
});

Deno.test("the mean-field rules look through layers that pass their input on", () => {
  const chain = predicted("tanh", 1, { deltas: [10, 1, 1], deviations: [3, 1, 1] });
  const [first, ...rest] = chain.layers;
  const silent = { activation: null, weights: [], saturatedFraction: null };
  const through = ["InputLayer", "Flatten", "Dropout", "SpatialDropout1D", "GaussianNoise"]
    .map((className) => makeLayer({ name: className, className, ...silent }));
  const measurements = { ...chain, layers: [first, ...through, ...rest] };
  assertEquals(gradientRatio.check(measurements).length, 1);
  assertEquals(activationScale.check(measurements).length, 1);
});

Deno.test("the mean-field rules judge Dense + Activation as they judge Dense(activation)", () => {
  for (const sigma of [1, 30]) {
    const options = { depth: 5, width: WIDTH, activation: "tanh", sigma, seed: 2 };
    const { layers, inputs } = randomNetwork(options);
    const x = inputs(32);
    const [fused, split] = (["fused", "split"] as const)
      .map((style) => measureDense(layers, x, { style }));
    for (const rule of [gradientRatio, gradientBalance, activationScale]) {
      const figures = (m: typeof fused) => rule.check(m).map(({ measured }) => measured);
      assertEquals(figures(split), figures(fused));
    }
  }
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
