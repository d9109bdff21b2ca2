import type { LayerMeasurements } from "../../../src/core/measure/measurements.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { saturatedActivations } from "../../../src/core/rules/signal/saturated_activations.ts";
import { goldenMeasurements } from "../../networks/golden_measurements.ts";
import { flat, makeMeasurements, makeWeight, statisticsOf } from "../../networks/measurements.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

const judge = (layer: Partial<LayerMeasurements>, options?: RuleOptions) =>
  saturatedActivations.run(makeMeasurements([layer]), options);

Deno.test("saturatedActivations warns above a quarter and fails above a half", () => {
  const severity = (share: number) => judge({ saturatedFraction: share })[0]?.severity;
  assertEquals([0, 0.25, 0.26, 0.5, 0.51, 1].map(severity), [
    undefined,
    undefined,
    "warning",
    "warning",
    "error",
    "error",
  ]);
});

Deno.test("saturatedActivations judges the entries that no mask closes by -Infinity", () => {
  const severity = (share: number, masked: number) =>
    judge({
      saturatedFraction: share,
      preActivations: statisticsOf([
        ...Array(masked).fill(-Infinity),
        ...Array(100 - masked).fill(1),
      ]),
    })[0]?.severity;
  // 12 and 13 of 50 open entries.
  assertEquals([severity(0.62, 50), severity(0.63, 50)], [undefined, "warning"]);
  assertEquals([severity(0.75, 50), severity(0.76, 50)], ["warning", "error"]);
  assertEquals(severity(1, 100), undefined);
});

Deno.test("saturatedActivations takes other shares", () => {
  const [finding] = judge({ saturatedFraction: 0.2 }, { saturatedFraction: 0.1 });
  assertEquals([finding.severity, finding.expected.text], ["error", "<= 0.1"]);
  assertEquals(judge({ saturatedFraction: 1 }, { saturatedFraction: 1 })[0].severity, "warning");
});

Deno.test("saturatedActivations only warns of a head and of the gates of a cell", () => {
  for (const layer of [{ role: "output" }, { kind: "cell" }] as const) {
    assertEquals(judge({ saturatedFraction: 1, ...layer })[0].severity, "warning");
    assertEquals(judge({ saturatedFraction: 0.25, ...layer }), []);
  }
});

Deno.test("saturatedActivations skips layers without a bounded activation and relu6", () => {
  assertEquals(judge({ saturatedFraction: null }), []);
  assertEquals(judge({ activation: "relu6", saturatedFraction: 0.6, deadFraction: 0 }), []);
});

Deno.test("saturatedActivations gives no verdict on fewer than 8 entries", () => {
  const share = { saturatedFraction: 1 };
  assertEquals(judge({ ...share, preActivations: flat(9, 7) })[0].severity, "note");
  assertEquals(judge({ ...share, preActivations: flat(9, 8) })[0].severity, "error");
});

Deno.test("saturatedActivations finds all nine tanh layers of the exercise on one example", () => {
  const findings = saturatedActivations.run(goldenMeasurements("seed_tanh_stddev_200"));
  assertEquals(findings.map(({ severity }) => severity), Array(9).fill("error"));
  assertEquals(findings[0].layer, "dense_2");
});

for (
  const name of [
    "relu_he",
    "relu_exploding",
    "seed_tanh_critical",
    "seed_tanh_critical_mse",
    "seed_tanh_small",
    "sigmoid_vanishing",
  ]
) {
  Deno.test(`saturatedActivations finds nothing in ${name}`, () => {
    assertEquals(saturatedActivations.run(goldenMeasurements(name)), []);
  });
}

Deno.test("saturatedActivations blames inputs that are not normalised first", () => {
  const measurements = makeMeasurements([
    { saturatedFraction: 0.9 },
    { saturatedFraction: 0.9 },
  ]);
  measurements.batch.perInput[0].values = flat(100, 640);
  const [first, second] = saturatedActivations.run(measurements);
  assertStringIncludes(first.fix, "Normalise the inputs");
  assertEquals(second.fix.includes("the inputs"), false);
  measurements.batch.perInput[0].lookedUp = true;
  const [looked] = saturatedActivations.run(measurements);
  assertEquals(looked.fix.includes("the inputs"), false);
});

Deno.test("saturatedActivations advises no larger kernels", () => {
  const advised = (size: number) => {
    const weights = [makeWeight({ name: "dense_1/kernel", values: flat(size, 400) })];
    return saturatedActivations.run(
      makeMeasurements([{ weights }, { saturatedFraction: 0.9 }]),
    )[0].fix;
  };
  assertStringIncludes(advised(2), "Multiply the kernel of dense_1 by 0.112");
  assertStringIncludes(advised(0.02), "bring its biases nearer to 0");
});
