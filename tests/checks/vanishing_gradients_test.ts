import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import { vanishingGradients } from "../../src/checks/rules/vanishing_gradients.ts";
import type { CheckOptions } from "../../src/checks/check_options.ts";
import type { LayerMeasurements, Measurements } from "../../src/measure/measurements.ts";
import { goldenMeasurements } from "./golden_measurements.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
  statisticsOf,
} from "./make_measurements.ts";

const check = (measurements: Measurements, options?: CheckOptions) =>
  vanishingGradients.check(measurements, options);

/** A chain of tanh layers whose delta has the given sizes, first layer first. */
function chain(...sizes: number[]): Measurements {
  return makeMeasurements(sizes.map((size) => ({
    preActivationGradients: flat(size, 640),
    activationGradients: flat(size, 640),
  })));
}

const zero = flat(0, 640);
const silent = { activationGradients: zero, preActivationGradients: zero };

Deno.test("vanishingGradients warns just below the one ratio and fails just below the other", () => {
  assertEquals(check(chain(1.01e-2, 0.1, 1)), []);
  for (const first of [1.01e-3, 0.99e-2]) {
    const [{ severity, threshold }] = check(chain(first, 0.1, 1));
    assertEquals([severity, threshold], ["warning", "vanishingRatioWarning"]);
  }
  const [finding, ...others] = check(chain(0.99e-3, 0.1, 1));
  assertEquals(others, []);
  assertEquals(finding.severity, "error");
  assertEquals(finding.layer, "dense_1");
  assertEquals(finding.layers, ["dense_1"]);
  assertEquals(finding.threshold, "vanishingRatio");
  assertAlmostEquals(finding.measured!, 0.99e-3, 1e-9);
});

Deno.test("vanishingGradients fails a weak signal that leaves the first kernel next to no gradient", () => {
  const step = (share: number, first: number) => {
    const { layers, ...rest } = chain(first, 0.1, 1);
    const weights = [makeWeight({ values: flat(2, 400), gradients: flat(2 * share, 400) })];
    return check({ ...rest, layers: layers.with(0, { ...layers[0], weights }) })
      .map(({ severity }) => severity);
  };
  assertEquals([1.01e-2, 0.99e-2].map((share) => step(share, 0.99e-2)), [["warning"], ["error"]]);
  assertEquals(step(1e-5, 1.01e-2), []);
  assertEquals(step(1, 0.99e-3), ["error"]);
});

Deno.test("vanishingGradients passes at the ratio itself and takes another one", () => {
  assertEquals(check(chain(1, 2, 4), { vanishingRatio: 0.25 }), []);
  assertEquals(check(chain(1, 2, 4), { vanishingRatio: 0.26 })[0].expected.text, ">= 0.26");
});

Deno.test("vanishingGradients judges delta, not the flat weight gradients of a small init", () => {
  const [finding] = check(goldenMeasurements("seed_tanh_small"));
  assertEquals([finding.severity, finding.layer], ["error", "dense_1"]);
  assertAlmostEquals(finding.measured!, 5.88e-7, 1e-9);
  assertStringIncludes(finding.message, "a factor of 0.203 a layer");
});

for (
  const [name, severities] of Object.entries({
    seed_tanh_stddev_200: ["error"],
    relu_dead_layer: ["error"],
    sigmoid_vanishing: ["error"],
    seed_tanh_critical: [],
    seed_tanh_critical_mse: [],
    relu_he: [],
    relu_exploding: [],
  })
) {
  Deno.test(`vanishingGradients finds ${severities[0] ?? "nothing"} in ${name}`, () => {
    const findings = check(goldenMeasurements(name));
    assertEquals(findings.map(({ severity }) => severity), severities);
  });
}

Deno.test("vanishingGradients names the layer that stops the signal and those below it", () => {
  const [finding] = check(goldenMeasurements("seed_tanh_stddev_200"));
  assertEquals(finding.layer, "dense_10");
  assertEquals(finding.layers?.length, 10);
  assertStringIncludes(finding.message, "No gradient reaches dense_1 ... dense_9 either");
  assertStringIncludes(finding.message, "100 % of its tanh outputs are stuck at -1 or 1");
});

Deno.test("vanishingGradients says where most of the signal is lost", () => {
  const [finding] = check(chain(1e-6, 1e-6, 1e-6, 1, 1));
  assertStringIncludes(finding.message, "most of it from dense_4 down to dense_3");
});

Deno.test("vanishingGradients judges Dense + Activation as it judges Dense(activation)", () => {
  const split = makeMeasurements([], {
    layers: [1e-4, 1].flatMap((size, i) => {
      const delta = flat(size, 640);
      const place = { depth: i + 1, preActivationGradients: delta };
      return [
        makeLayer({ name: `dense_${i + 1}`, activation: "linear", ...place }),
        makeLayer({ name: `act_${i + 1}`, className: "Activation", weights: [], ...place }),
      ];
    }).concat(makeHead({ depth: 3 })),
  });
  const [finding, ...others] = check(split);
  assertEquals(others, []);
  assertEquals(finding.layers, ["dense_1"]);
});

Deno.test("vanishingGradients finds a weightless activation that stops the signal", () => {
  const stop = { activation: "relu", weights: [], preActivationGradients: zero, deadFraction: 1 };
  const findings = check(makeMeasurements([
    { activation: "linear", ...silent },
    { name: "act", depth: 1, className: "Activation", ...stop },
    { depth: 2 },
  ]));
  assertEquals(findings.map(({ layer }) => layer), ["act"]);
  assertEquals(findings[0].layers, ["act", "dense_1"]);
});

Deno.test("vanishingGradients keeps the norm where pooling divides the rms by the positions", () => {
  // Conv (32 x 32 x 8), global average pool over 1024 positions, Dense(8): back through the pool
  // every entry is divided by 1024, and the norm by 32.
  const conv = {
    className: "Conv2D",
    shape: [1, 32, 32, 8],
    weights: [makeWeight({ name: "conv/kernel", shape: [3, 3, 8, 8] })],
    preActivationGradients: flat(0.1 / 1024, 8 * 1024),
  };
  const dense = { preActivationGradients: flat(0.1, 8) };
  const pooled = makeMeasurements([conv, dense], {});
  assertEquals(check(pooled), []);
  const ratio = check(pooled, { vanishingRatio: 1 })[0].measured!;
  assertAlmostEquals(ratio, 1 / 32, 1e-12);
  assertEquals(0.1 / 1024 / 0.1 < 1e-3, true, "the rms alone would have failed it");
});

Deno.test("vanishingGradients keeps the norm over a change of width under a fan-in init", () => {
  // 1024 units under 16: the rms of delta falls by sqrt(16 / 1024) a layer, the norm stays.
  const wide = { preActivationGradients: flat(0.1 / 8, 32 * 1024) };
  const narrow = { preActivationGradients: flat(0.1, 32 * 16) };
  const ratio = check(makeMeasurements([wide, narrow, wide, narrow]), { vanishingRatio: 0.999 });
  assertEquals(ratio, []);
});

Deno.test("vanishingGradients only warns of a head that starts at zero, and names it", () => {
  const head = makeHead({
    depth: 3,
    weights: [makeWeight({ name: "head/kernel", values: flat(0, 20) })],
  });
  const layers = [1, 2].map((depth) => makeLayer({ name: `dense_${depth}`, depth, ...silent }));
  const findings = check(makeMeasurements([], { layers: [...layers, head] }));
  assertEquals(findings.map(({ severity }) => severity), ["warning"]);
  assertStringIncludes(findings[0].message, 'the kernel of the head "head" is all zeros');
});

/** Two towers that share no layer: `a` of one layer under this head, and `b` of two. */
function towers(a: Partial<LayerMeasurements>, head: Partial<LayerMeasurements> = {}) {
  const of = (name: string) => ({ heads: [`${name}_head`] });
  return makeMeasurements([], {
    layers: [
      makeLayer({ name: "a_1", ...of("a"), ...a }),
      makeLayer({ name: "b_1", ...of("b") }),
      makeLayer({ name: "b_2", depth: 2, ...of("b") }),
      makeHead({ name: "a_head", depth: 2, ...of("a"), ...head }),
      makeHead({ name: "b_head", depth: 3, ...of("b") }),
    ],
  });
}

Deno.test("vanishingGradients only warns of one head of two that starts at zero", () => {
  const weights = [makeWeight({ name: "a_head/kernel", values: flat(0, 20) })];
  const findings = check(towers(silent, { weights }));
  assertEquals(findings.map(({ severity, layer }) => [severity, layer]), [["warning", "a_1"]]);
  assertStringIncludes(findings[0].message, 'the kernel of the head "a_head" is all zeros');
  const other = check(towers(silent));
  assertEquals(other.map(({ severity }) => severity), ["warning"]);
  assertStringIncludes(other[0].message, "sends no gradient down");
});

Deno.test("vanishingGradients lays no silence to a layer on the way of another head", () => {
  const { layers, ...rest } = towers(silent);
  const stop = { ...layers[2], preActivationGradients: zero };
  const below = { ...layers[1], ...silent };
  const findings = check({ ...rest, layers: layers.with(2, stop).with(1, below) });
  assertEquals(findings.map(({ severity, layer, layers }) => [severity, layer, layers]), [
    ["error", "b_2", ["b_2", "b_1"]],
    ["warning", "a_1", undefined],
  ]);
});

Deno.test("vanishingGradients only warns of an objective that sends nothing down", () => {
  const findings = check(makeMeasurements([silent, silent]));
  assertEquals(findings.map(({ severity }) => severity), ["warning"]);
  assertStringIncludes(findings[0].message, 'the objective "sum" sends no gradient');
  assertEquals(findings[0].unjudged, true);
});

/** Outputs of a softmax over ten classes on 32 examples: one-hot, but for what is given away. */
const oneHot = (doubt: number) =>
  statisticsOf(
    Array.from({ length: 320 }, (_, i) => i % 10 === 0 ? 1 - 9 * doubt : doubt),
  );

/** Two silent layers under a head, under a loss. */
function under(head: Partial<LayerMeasurements>, value = 14, name = "categoricalCrossentropy") {
  const weights = [makeWeight({ name: "k", values: flat(2, 400) })];
  const layers = [1, 2].map((depth) =>
    makeLayer({ name: `h${depth}`, activation: "relu", depth, weights, ...silent })
  );
  const z = { preActivations: flat(1.2e10, 320), activationGradients: flat(0, 320) };
  return makeMeasurements([], {
    layers: [...layers, makeHead({ name: "out", depth: 3, ...silent, ...z, ...head })],
    objective: { name, value },
  });
}

Deno.test("vanishingGradients fails a softmax that is certain, and says how to rescale", () => {
  const softmax = { activation: "softmax", activations: oneHot(0) };
  const [finding, ...others] = check(under(softmax));
  assertEquals(others, []);
  assertEquals([finding.severity, finding.layer], ["error", "out"]);
  assertEquals(finding.layers, ["out", "h1", "h2"]);
  assertStringIncludes(
    finding.message,
    "The softmax of out is certain for every example (rms of z 1.2e10), so " +
      "categoricalCrossentropy sends no gradient down. No gradient reaches h1, h2 either.",
  );
  assertStringIncludes(finding.advice, "Multiply the kernels of h1, h2 by 0.");
  const pixels = under(softmax);
  pixels.batch.perInput[0].values = flat(150, 640);
  assertStringIncludes(check(pixels)[0].advice, "Normalise the inputs");
});

Deno.test("vanishingGradients tells a certain head from an uncertain and from a learned one", () => {
  const severity = (measurements: Measurements) => check(measurements).map((f) => f.severity);
  const softmax = (doubt: number) => ({ activation: "softmax", activations: oneHot(doubt) });
  assertEquals(severity(under(softmax(0.4e-6))), ["error"]);
  assertEquals(severity(under(softmax(1e-6), 7, "meanSquaredError")), ["warning"]);
  assertEquals(severity(under(softmax(0), 0.0101)), ["error"]);
  assertEquals(severity(under(softmax(0), 0.0099)), ["warning"]);
  // A softmax that is torn between two classes in some examples: in 4 of 10, in 6, in all.
  const torn = (share: number) => {
    const rows = Array.from({ length: 10 }, (_, i) => i < share ? [0.5, 0.5, 0, 0] : [0, 1, 0, 0]);
    return { activation: "softmax", activations: statisticsOf(rows.flat()) };
  };
  assertEquals([4, 6, 10].map((share) => severity(under(torn(share)))[0]), [
    "error",
    "warning",
    "warning",
  ]);
  assertEquals(severity(under(torn(4), 7, "meanSquaredError")), ["warning"]);
  const sigmoid = { activation: "sigmoid", activations: statisticsOf(Array(32).fill(0)) };
  assertEquals(severity(under(sigmoid, 7, "binaryCrossentropy")), ["error"]);
  const doubtful = { activation: "sigmoid", activations: torn(4).activations };
  assertEquals(severity(under(doubtful, 7, "binaryCrossentropy")), ["warning"]);
  const hidden = check(under(softmax(0)), { layers: /^h/ });
  assertEquals(hidden.map(({ severity, layers }) => [severity, layers]), [["error", ["h1", "h2"]]]);
});

Deno.test("vanishingGradients knows a Softmax of its own, and a delta that is next to nothing", () => {
  const activations = oneHot(0);
  const [own] = check(
    under({ className: "Softmax", kind: "activation", activation: "softmax", activations }),
  );
  assertStringIncludes(own.message, "The softmax of out is certain");
  const sent = { activation: "softmax", activations, activationGradients: flat(0.01, 320) };
  const delta = (size: number) => ({ ...sent, preActivationGradients: flat(size, 320) });
  const [tiny] = check(under(delta(0.9e-8), 1, "meanSquaredError"));
  assertStringIncludes(tiny.message, "meanSquaredError sends next to no gradient down");
  assertEquals(check(under(delta(1.1e-8), 1, "meanSquaredError"))[0].severity, "warning");
  // Cross-entropy: dJ/da is 1 / a, and a delta of 1 / 32 is a whole one.
  const cross = { ...delta(1 / 32), activationGradients: flat(1e6, 320) };
  assertEquals(check(under(cross))[0].severity, "warning");
});

Deno.test("vanishingGradients fails a head that shuts out the gradient that it is sent", () => {
  const head = { activation: "relu", activationGradients: flat(0.1, 32), deadFraction: 1 };
  const [finding] = check(under(head, 1, "meanSquaredError"));
  assertEquals([finding.severity, finding.layers], ["error", ["out", "h1", "h2"]]);
  assertStringIncludes(finding.message, "No gradient passes out");
});

Deno.test("vanishingGradients fails layers below a hidden kernel of zeros", () => {
  const zeros = { weights: [makeWeight({ name: "dense_3/kernel", values: flat(0, 400) })] };
  const findings = check(makeMeasurements([silent, silent, zeros]));
  assertEquals(findings.map(({ severity }) => severity), ["error"]);
  assertEquals(findings[0].layers, ["dense_1", "dense_2"]);
  assertStringIncludes(findings[0].message, "the kernel of dense_3 is all zeros");
});

Deno.test("vanishingGradients only warns of a residual branch that ends in zeros", () => {
  const findings = check(makeMeasurements([{}, silent, {}]));
  assertEquals(findings.map(({ severity }) => severity), ["warning"]);
  assertEquals(findings[0].layer, "dense_2");
});

Deno.test("vanishingGradients takes the zeros of several bypassed layers for zeros that are multiplied", () => {
  const zeros = { ...silent, weights: [makeWeight({ values: flat(0, 400) })] };
  const advice = (...bypassed: Partial<LayerMeasurements>[]) =>
    check(makeMeasurements([{}, ...bypassed, {}]))[0].advice;
  assertStringIncludes(advice(zeros, zeros), "all but one of dense_2, dense_3");
  for (const branch of [[zeros], [silent, zeros], [silent, silent]]) {
    assertStringIncludes(advice(...branch), "starts at zero on purpose");
  }
});

Deno.test("vanishingGradients says why a layer lets nothing through: dead units before saturated entries", () => {
  const why = (deadFraction: number | null, saturatedFraction: number | null) =>
    check(makeMeasurements([{ preActivationGradients: zero, deadFraction, saturatedFraction }]))[0]
      .message;
  assertStringIncludes(why(0.5, 0.25), "50 % of its units are off");
  assertStringIncludes(why(0, 0.25), "25 % of its");
  assertStringIncludes(why(null, 0), "the derivative of its activation is 0");
});

Deno.test("vanishingGradients lays a silent last layer to its branch, where the signal arrives before it", () => {
  const [finding, ...others] = check(makeMeasurements([{}, silent]));
  assertEquals([finding.severity, finding.layer, others], ["warning", "dense_2", []]);
  assertStringIncludes(finding.message, "reaches the layers before by another way");
});

Deno.test("vanishingGradients fails a tower without a signal, however deep the tower beside it is", () => {
  for (const depth of [1, 3]) {
    const layers = [
      makeLayer({ name: "a_1", inputs: [], ...silent }),
      makeLayer({ name: "a_2", depth: 2, inputs: ["a_1"], ...silent }),
      makeLayer({ name: "b", depth, inputs: [] }),
      makeLayer({ name: "top", depth: 4, inputs: ["a_2", "b"] }),
      makeHead({ depth: 5, inputs: ["top"] }),
    ];
    const [finding, ...others] = check(makeMeasurements([], { layers }));
    assertEquals([finding.severity, finding.layers, others], ["error", ["a_1", "a_2"], []]);
  }
});

Deno.test("vanishingGradients asks for a loss when a softmax head meets the sum", () => {
  const tiny = flat(1e-8, 640);
  const hidden = { activationGradients: tiny, preActivationGradients: zero };
  const softmax = makeHead({ depth: 3, activation: "softmax", preActivationGradients: tiny });
  const layers = [1, 2].map((depth) => makeLayer({ name: `dense_${depth}`, depth, ...hidden }));
  const measurements = makeMeasurements([], { layers: [...layers, softmax] });
  const findings = check(measurements);
  assertEquals(findings.map(({ severity }) => severity), ["warning"]);
  assertStringIncludes(findings[0].message, "softmax");
  const loss = { ...measurements, objective: { name: "meanSquaredError", value: 1 } };
  assertEquals(check(loss)[0].severity, "error");
});

Deno.test("vanishingGradients judges on when another head carries a signal under the sum", () => {
  const softmax = makeHead({
    name: "classes",
    activation: "softmax",
    preActivationGradients: flat(1e-8, 32),
  });
  const { layers, ...rest } = chain(1e-4, 1);
  const findings = check({ ...rest, layers: [...layers, softmax] });
  assertEquals(findings.map(({ severity }) => severity), ["error"]);
});

Deno.test("vanishingGradients warns below the absolute floor, but not of zeros and frozen kernels", () => {
  const kernel = (size: number | null, trainable = true) => ({
    weights: [
      makeWeight({ name: "k", trainable, gradients: size === null ? null : flat(size, 400) }),
    ],
  });
  const layers = [kernel(0.9e-7), kernel(1.1e-7), kernel(0), kernel(null), kernel(1e-9, false)];
  const findings = check(makeMeasurements(layers));
  assertEquals(findings.map(({ severity, layer }) => [severity, layer]), [["warning", "dense_1"]]);
  assertEquals(findings[0].threshold, "vanishingFloor");
});

Deno.test("vanishingGradients gives no verdict on one hidden layer, NaN, or unmeasured deltas", () => {
  for (
    const measurements of [
      makeMeasurements([{}]),
      makeMeasurements([{ preActivationGradients: flat(NaN, 640) }, {}]),
      makeMeasurements([{ preActivationGradients: null }, { preActivationGradients: null }]),
    ]
  ) {
    assertEquals(check(measurements).map(({ severity }) => severity), ["note"]);
  }
});

Deno.test("vanishingGradients judges the selected layers only", () => {
  assertEquals(check(chain(1e-6, 0.5, 1), { layers: ["dense_2", "dense_3"] }), []);
  assertEquals(check(chain(1e-6, 0.5, 1), { layers: /dense_[13]/ }).length, 1);
});
