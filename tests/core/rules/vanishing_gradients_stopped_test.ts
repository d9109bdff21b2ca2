import type { LayerMeasurements, Measurements } from "../../../src/core/measure/measurements.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { vanishingGradients } from "../../../src/core/rules/signal/vanishing_gradients.ts";
import { goldenMeasurements } from "../../networks/golden_measurements.ts";
import {
  flat,
  makeHead,
  makeLayer,
  makeMeasurements,
  makeWeight,
} from "../../networks/measurements.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";

const check = (measurements: Measurements, options?: RuleOptions) =>
  vanishingGradients.run(measurements, options);

const zero = flat(0, 640);
const silent = { activationGradients: zero, preActivationGradients: zero };

Deno.test("vanishingGradients names the layer that stops the signal and those below it", () => {
  const [finding] = check(goldenMeasurements("seed_tanh_stddev_200"));
  assertEquals(finding.layer, "dense_10");
  assertEquals(finding.layers?.length, 10);
  assertStringIncludes(finding.message, "No gradient reaches dense_1 ... dense_9 either");
  assertStringIncludes(finding.message, "100 % of its tanh outputs are stuck at -1 or 1");
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

Deno.test("vanishingGradients notes a branch whose normalisation starts at zero on purpose", () => {
  const scaled = (scale: number) =>
    check(makeMeasurements([{}, silent, {
      kind: "normalization",
      className: "BatchNormalization",
      weights: [makeWeight({ name: "norm/gamma", values: flat(scale, 20) })],
    }, {}])).map(({ severity }) => severity);
  assertEquals(scaled(0), ["note"]);
  assertEquals(scaled(1), ["warning"]);
});

Deno.test("vanishingGradients takes the zeros of several bypassed layers for zeros that are multiplied", () => {
  const zeros = { ...silent, weights: [makeWeight({ values: flat(0, 400) })] };
  const fix = (...bypassed: Partial<LayerMeasurements>[]) =>
    check(makeMeasurements([{}, ...bypassed, {}]))[0].fix;
  assertStringIncludes(fix(zeros, zeros), "all but one of dense_2, dense_3");
  for (const branch of [[zeros], [silent, zeros], [silent, silent]]) {
    assertStringIncludes(fix(...branch), "starts at zero on purpose");
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
  assertStringIncludes(finding.message, "reaches the layers before by another path");
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
