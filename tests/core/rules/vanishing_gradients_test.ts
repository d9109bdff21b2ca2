import { assertAlmostEquals, assertEquals, assertStringIncludes } from "@std/assert";
import type { Measurements, TensorStatistics } from "../../../src/core/measure/measurements.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { vanishingGradients } from "../../../src/core/rules/signal/vanishing_gradients.ts";
import { goldenMeasurements } from "../../networks/golden_measurements.ts";
import {
  chain,
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
} from "../../networks/measurements.ts";
import { scaledBranch } from "./scaled_branch.ts";

const check = (measurements: Measurements, options?: RuleOptions) =>
  vanishingGradients.run(measurements, options);

Deno.test("vanishingGradients undoes the trained scale of a branch before it judges a tiny gradient", () => {
  const floors = (...given: Parameters<typeof scaledBranch>) =>
    check(scaledBranch(...given)).filter(({ kind }) => kind === "floor");
  assertEquals(floors(1e-5, { gradient: 1.01e-12 }), []);
  const [{ layer, measured, message }] = floors(1e-5, { gradient: 0.99e-12 });
  assertEquals(layer, "branch");
  assertAlmostEquals(measured!, 0.99e-7, 1e-13);
  assertStringIncludes(message, "9.9e-8, without the trained scale of its branch, below");
  const [plain] = floors(1e-5, { gradient: 1.01e-12, ends: ["scale"] });
  assertAlmostEquals(plain.measured!, 1.01e-12, 1e-18);
  assertStringIncludes(plain.message, "1.01e-12, below");
});

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

Deno.test("vanishingGradients only warns of small kernels where smooth activations pass a factor on", () => {
  const severity = (activation: string, given: number | TensorStatistics, optimizer = "adam") => {
    const z = typeof given === "number" ? flat(given, 640) : given;
    const { layers, ...rest } = chain(0.99e-2, 0.1, 1);
    const weights = [makeWeight({ values: flat(2, 400), gradients: flat(2e-3, 400) })];
    const smooth = layers.map((layer) => ({ ...layer, activation, preActivations: z }));
    const measured = { ...rest, optimizer: { name: optimizer, learningRate: 1e-3 } };
    return check({ ...measured, layers: smooth.with(0, { ...smooth[0], weights }) } as Measurements)
      .map(({ severity }) => severity).join();
  };
  const off = (mean: number, std = 1) => ({ ...flat(Math.hypot(mean, std), 640), mean, std });
  for (const activation of ["gelu", "tanh", "swish", "mish"]) {
    assertEquals(severity(activation, 0.099), "warning");
    assertEquals(severity(activation, off(-0.09, 0.01)), "warning");
    assertEquals(severity(activation, 0.099, "SGD"), "error");
  }
  assertEquals([0.099, 0.101].map((z) => severity("tanh", z)), ["warning", "error"]);
  // Between a line and relu unless the biases turn most units off.
  for (const activation of ["gelu", "swish", "mish"]) {
    assertEquals([off(0), off(-0.99), off(-1.01)].map((z) => severity(activation, z)), [
      "warning",
      "warning",
      "error",
    ]);
  }
  assertEquals(severity("relu", 9), "warning");
  // Their tangents at 0 do not pass through 0, or have two slopes.
  assertEquals(["sigmoid", "softplus", "selu"].map((one) => severity(one, 0.01)), [
    "error",
    "error",
    "error",
  ]);
});

Deno.test("vanishingGradients passes at the ratio itself and takes another one", () => {
  assertEquals(check(chain(1, 2, 4), { vanishingRatio: 0.25 }), []);
  assertEquals(check(chain(1, 2, 4), { vanishingRatio: 0.26 })[0].expected.text, ">= 0.26");
});

Deno.test("vanishingGradients judges delta, not the flat weight gradients of a small init", () => {
  const [finding] = check(goldenMeasurements("seed_tanh_small"));
  assertEquals([finding.severity, finding.layer], ["error", "dense_1"]);
  assertAlmostEquals(finding.measured!, 5.88e-7, 1e-9);
  assertStringIncludes(finding.message, "a factor of 0.203 per layer");
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

Deno.test("vanishingGradients takes no floor for queries and keys, whose attention starts even", () => {
  const weights = [makeWeight({ name: "k", gradients: flat(1e-9, 400) })];
  const floors = (activation: string) =>
    check(makeMeasurements([], {
      layers: [
        makeLayer({ name: "query", inputs: [], weights }),
        makeLayer({ name: "scores", kind: "merge", inputs: ["query"], weights: [] }),
        makeLayer({
          name: "rows",
          kind: "activation",
          activation,
          inputs: ["scores"],
          weights: [],
        }),
        makeLayer({ name: "out", inputs: ["rows"], depth: 2 }),
      ],
    })).filter(({ kind }) => kind === "floor").map(({ layer }) => layer);
  assertEquals(floors("softmax"), []);
  assertEquals(floors("tanh"), ["query"]);
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
