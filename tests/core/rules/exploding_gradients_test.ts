import type { LayerMeasurements, Measurements } from "../../../src/core/measure/measurements.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { explodingGradients } from "../../../src/core/rules/signal/exploding_gradients.ts";
import { goldenMeasurements } from "../../networks/golden_measurements.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
} from "../../networks/measurements.ts";
import { scaledBranch } from "./scaled_branch.ts";
import { assert, assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";

const check = (measurements: Measurements, options?: RuleOptions) =>
  explodingGradients.run(measurements, options);

const chain = (...sizes: number[]) =>
  makeMeasurements(sizes.map((size) => ({ preActivationGradients: flat(size, 640) })));

Deno.test("explodingGradients warns just above the one ratio and fails just above the other", () => {
  assertEquals(check(chain(99, 30, 1)), []);
  for (const first of [101, 999]) {
    const [{ severity, threshold }] = check(chain(first, 30, 1));
    assertEquals([severity, threshold], ["warning", "explodingRatioWarning"]);
  }
  const [finding, ...others] = check(chain(1001, 30, 1));
  assertEquals(others, []);
  assertEquals([finding.severity, finding.layer], ["error", "dense_1"]);
  assertEquals([finding.expected.text, finding.threshold], ["<= 1000", "explodingRatio"]);
  assertAlmostEquals(finding.measured!, 1001, 1e-6);
});

Deno.test("explodingGradients only notes growth that normalisations after every kernel explain", () => {
  const normalised = (first: number) =>
    makeMeasurements([], {
      layers: [
        ...[first, 30, 1].flatMap((size, i) => [
          makeLayer({
            name: `dense_${i + 1}`,
            depth: i + 1,
            preActivationGradients: flat(size, 640),
          }),
          makeLayer({
            name: `norm_${i + 1}`,
            className: "BatchNormalization",
            depth: i + 1,
            activation: null,
            weights: [],
          }),
        ]),
        makeHead({ depth: 4 }),
      ],
    });
  const severities = [99, 101, 999, 1001, 9999, 10001].map((first) =>
    check(normalised(first)).map(({ severity }) => severity).join()
  );
  assertEquals(severities, ["", "note", "note", "note", "note", "error"]);
});

Deno.test("explodingGradients undoes the trained scale of a branch, but not one that nothing bypasses", () => {
  const judged = (...given: Parameters<typeof scaledBranch>) =>
    check(scaledBranch(...given)).map(({ severity, message }) => [severity, message]);
  assertEquals(judged(1e-5), []);
  const [[severity, message]] = judged(0.1);
  assertEquals(severity, "error");
  assertStringIncludes(String(message), "without the trained scale of its branch");
  for (const others of [judged(1e-5, { ends: ["scale"] }), judged(1e-5, { trainable: false })]) {
    assertEquals(others.map(([severity]) => severity), ["error"]);
    assert(!String(others[0][1]).includes("trained scale"));
  }
  assertEquals(judged(0).map(([severity]) => severity), ["error"]);
});

Deno.test("explodingGradients warns of a large entry, and fails it where the data are out of scale", () => {
  const entry = (
    size: number,
    given: Partial<Measurements["batch"]> = {},
    model: Partial<Measurements> = {},
  ) => {
    const weights = [makeWeight({ gradients: flat(size, 400) })];
    const { batch, ...rest } = makeMeasurements([{ weights }]);
    const targets = [{ name: "y", shape: [32, 1], values: flat(1, 32), unitMeans: [0] }];
    return check({ ...rest, ...model, batch: { ...batch, targets, ...given } })
      .map(({ severity, threshold }) => `${severity} ${threshold}`);
  };
  const values = (size: number) => ({
    targets: [{ name: "y", shape: [32, 1], values: flat(size, 32), unitMeans: [0] }],
  });
  const inputs = (size: number, given = {}) => ({
    perInput: [{ name: "x", shape: [32, 20], dtype: "float32", values: flat(size, 640), ...given }],
  });
  const warned = ["warning explodingEntry"];
  const failed = ["error explodingEntry"];
  assertEquals([69.9, 70.1].map((size) => entry(size)), [[], warned]);
  assertEquals([29.9, 30.1].map((size) => entry(71, values(size))), [warned, warned]);
  // Adam takes large targets, and SGD does not.
  const by = (name: string, size: number) =>
    entry(71, values(size), { optimizer: { name, learningRate: 0.01 } });
  for (const name of ["SGD", "Momentum"]) {
    assertEquals([29.9, 30.1].map((size) => by(name, size)), [warned, failed], name);
  }
  assertEquals(by("Adam", 1e4), warned);
  assertEquals([29.9, 30.1].map((size) => entry(71, inputs(size))), [warned, failed]);
  assertEquals(entry(69.9, values(1e4)), []);
  for (const given of [{ lookedUp: true }, { dtype: "int32" }, { scaledBy: ["norm"] }]) {
    assertEquals(entry(71, inputs(1e4, given)), warned);
  }
  // The sum of the outputs has no scale.
  assertEquals(entry(71, { targets: [] }), []);
});

Deno.test("explodingGradients advises no larger kernels", () => {
  const small = { weights: [makeWeight({ name: "k", values: flat(0.02, 400) })] };
  const { layers, ...rest } = chain(1001, 30, 1);
  const [{ fix }] = check({ ...rest, layers: layers.map((layer) => ({ ...layer, ...small })) });
  assertEquals(fix, "Add normalisation, make the network shallower, or clip the gradients.");
});

Deno.test("explodingGradients takes another ratio and names every layer above it", () => {
  const [finding] = check(chain(100, 50, 10, 1), { explodingRatio: 20 });
  assertEquals(finding.layers, ["dense_1", "dense_2"]);
  const [first] = check(chain(128, 64, 8, 1), { explodingRatio: 64 });
  assertEquals(first.layers, ["dense_1"]);
});

for (
  const [name, errors] of Object.entries({
    relu_exploding: 1,
    relu_he: 0,
    relu_dead_layer: 0,
    seed_tanh_critical: 0,
    seed_tanh_critical_mse: 0,
    seed_tanh_small: 0,
    seed_tanh_stddev_200: 0,
    sigmoid_vanishing: 0,
  })
) {
  Deno.test(`explodingGradients finds ${errors} errors in ${name}`, () => {
    assertEquals(check(goldenMeasurements(name)).length, errors);
  });
}

Deno.test("explodingGradients fails every delta that overflowed", () => {
  const overflown = { preActivationGradients: flat(Infinity, 640) };
  const findings = check(makeMeasurements([overflown, overflown, {}]));
  assertEquals(findings.map(({ severity, layer, measured }) => [severity, layer, measured]), [
    ["error", "dense_1", 640],
    ["error", "dense_2", 640],
  ]);
});

Deno.test("explodingGradients leaves layers without a signal out of the ratio", () => {
  assertEquals(check(chain(1, 1, 0)), []);
  assertEquals(check(chain(0, 0, 0)), []);
});

Deno.test("explodingGradients limits the global norm only when asked, on both sides", () => {
  // 4 kernels of 20 x 20 and one of 20: a shared one counts once, a frozen one not at all.
  const weights = [
    makeWeight({ name: "shared", gradients: flat(3, 400) }),
    makeWeight({ name: "frozen", gradients: flat(1e6, 400), trainable: false }),
    makeWeight({ name: "absent", gradients: null }),
  ];
  const head = makeHead({ weights: [makeWeight({ name: "k", gradients: flat(4, 225) })] });
  const measurements = makeMeasurements([{ weights }, { weights }]);
  const layers = [...measurements.layers.slice(0, 2), head];
  // sqrt(400 * 9 + 225 * 16) = 84.85
  assertEquals(check({ ...measurements, layers }), []);
  assertEquals(check({ ...measurements, layers }, { explodingGlobalNorm: 84.9 }), []);
  const [finding] = check({ ...measurements, layers }, { explodingGlobalNorm: 84.8 });
  assertEquals([finding.severity, finding.layer], ["error", null]);
  assertAlmostEquals(finding.measured!, 84.8528, 1e-3);
  const explodingGlobalNorm = finding.measured!;
  assertEquals(check({ ...measurements, layers }, { explodingGlobalNorm }), []);
});

Deno.test("explodingGradients gives no verdict on a softmax head under the sum", () => {
  const layers = [
    ...chain(1e-3, 1e-9).layers.slice(0, 2),
    makeHead({ activation: "softmax", preActivationGradients: flat(1e-8, 32) }),
  ];
  const findings = check(makeMeasurements([], { layers }));
  assertEquals(findings.map(({ severity }) => severity), ["warning"]);
});

/** A recurrent layer that makes so much of what it is sent. */
const throughTime = (growth: number, given: Partial<LayerMeasurements> = {}) =>
  makeMeasurements([{
    className: "SimpleRNN",
    activationGradients: flat(0.1, 640),
    // Over ten steps.
    preActivationGradients: flat(growth * 0.1 / Math.sqrt(10), 6400),
    weights: [makeWeight(), makeWeight({ name: "rnn/recurrent_kernel", shape: [16, 16] })],
    ...given,
  }]);

Deno.test("explodingGradients fails a recurrent layer whose signal grows through time", () => {
  assertEquals(check(throughTime(999)), []);
  const [finding, ...others] = check(throughTime(1001));
  assertEquals(others, []);
  assertEquals([finding.severity, finding.layer], ["error", "dense_1"]);
  assertEquals([finding.expected.text, finding.threshold], ["<= 1000", "explodingRatio"]);
  assertAlmostEquals(finding.measured!, 1001, 1e-6);
  const draw = "rnn/recurrent_kernel with a standard deviation of 0.25";
  assertStringIncludes(finding.fix, `Draw ${draw}, as orthogonal initialisation does`);
  assertEquals(check(throughTime(101), { explodingRatio: 100 }).length, 1);
  assertEquals(check(throughTime(1001, { role: "output" })).length, 1);
});

Deno.test("explodingGradients says once of a layer with several cells what grows through time", () => {
  const weights = ["recurrent_kernel", "recurrent_kernel_2"].map((name) =>
    makeWeight({ name: `rnn/${name}`, shape: [16, 64] })
  );
  const [finding, ...others] = check(throughTime(1001, { weights }));
  assertEquals(others, []);
  const draw = "rnn/recurrent_kernel with a standard deviation of 0.125 and rnn/recurrent_kernel_2";
  assertStringIncludes(finding.fix, draw);
});

Deno.test("explodingGradients has no verdict through time without a signal or a recurrent kernel", () => {
  assertEquals(check(throughTime(1001, { activationGradients: flat(0, 640) })), []);
  assertEquals(check(throughTime(1001, { activationGradients: null })), []);
  assertEquals(check(throughTime(1001, { weights: [makeWeight()] })), []);
  const other = makeWeight({ name: "rnn/recurrent_kernel_of/bias", shape: [16, 16] });
  assertEquals(check(throughTime(1001, { weights: [other] })), []);
});
