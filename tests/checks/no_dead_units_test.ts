import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { noDeadUnits } from "../../src/checks/no_dead_units.ts";
import type { CheckOptions } from "../../src/checks/check_options.ts";
import type { LayerMeasurements, Measurements } from "../../src/measure/measurements.ts";
import { goldenMeasurements } from "./golden_measurements.ts";
import { makeMeasurements } from "./make_measurements.ts";

function judge(deadFraction: number | null, options?: CheckOptions, examples = 32) {
  const layer = { activation: "relu", saturatedFraction: null, deadFraction };
  const measurements = makeMeasurements([layer]);
  return noDeadUnits.check(
    { ...measurements, batch: { ...measurements.batch, examples } },
    options,
  );
}

Deno.test("noDeadUnits warns above a fifth and fails above a half", () => {
  const severity = (share: number | null) => judge(share)[0]?.severity;
  assertEquals([null, 0, 0.2, 0.21, 0.5, 0.51, 1].map(severity), [
    undefined,
    undefined,
    undefined,
    "warning",
    "warning",
    "error",
    "error",
  ]);
});

Deno.test("noDeadUnits takes other shares, and fails a wholly dead layer under any", () => {
  assertEquals(judge(0.3, { deadFraction: 0.2 })[0].severity, "error");
  const [finding] = judge(1, { deadFraction: 1, deadFractionWarning: 1 });
  assertEquals([finding.severity, finding.expected], ["error", "< 1"]);
  assertEquals(judge(0.99, { deadFraction: 1, deadFractionWarning: 1 }), []);
});

Deno.test("noDeadUnits gives no verdict below 8 examples, and says so", () => {
  const [finding, ...others] = judge(1, {}, 7);
  assertEquals(others, []);
  assertEquals([finding.severity, finding.layer], ["note", null]);
  assertStringIncludes(finding.message, "7 examples are too few to judge (minExamples 8)");
  assertEquals(judge(1, {}, 8)[0].severity, "error");
  assertEquals(judge(1, { minExamples: 1 }, 1)[0].severity, "error");
  assertEquals(judge(null, {}, 1), []);
});

Deno.test("noDeadUnits finds the dead layer and the one behind it in relu_dead_layer", () => {
  const findings = noDeadUnits.check(goldenMeasurements("relu_dead_layer"));
  assertEquals(findings.map(({ severity, layer }) => [severity, layer]), [
    ["error", "dense_3"],
    ["error", "dense_4"],
  ]);
});

for (const name of ["relu_he", "relu_exploding", "seed_tanh_critical_mse", "sigmoid_vanishing"]) {
  Deno.test(`noDeadUnits finds no error in ${name}`, () => {
    const findings = noDeadUnits.check(goldenMeasurements(name));
    assertEquals(findings.filter(({ severity }) => severity === "error"), []);
  });
}

/** Ten relu layers of which the last has this share of dead units; depth explains 0.202 of it. */
const deep = (deadFraction: number, given: Partial<LayerMeasurements> = {}) =>
  makeMeasurements(Array.from({ length: 10 }, (_, i) => ({
    activation: "relu",
    saturatedFraction: null,
    deadFraction: i === 9 ? deadFraction : 0,
    ...given,
  })));
const severities = (measurements: Measurements) =>
  noDeadUnits.check(measurements).map(({ severity }) => severity);

Deno.test("noDeadUnits allows for the units that depth explains in dense relu layers in a row", () => {
  // 0.202 + 0.798 * 0.2 = 0.3616 and 0.202 + 0.798 * 0.5 = 0.601.
  assertEquals(severities(deep(0.361)), []);
  assertEquals(severities(deep(0.363)), ["warning"]);
  assertEquals(severities(deep(0.6)), ["warning"]);
  assertEquals(severities(deep(0.602)), ["error"]);
  assertEquals(severities(deep(1)), ["error"]);
  assertMatch(noDeadUnits.check(deep(0.5))[0].message, /and the 20\.2 % that depth explains/);
});

Deno.test("noDeadUnits says where the rest of a limit comes from wherever it shows", () => {
  const layer = { activation: "relu", saturatedFraction: null, deadFraction: 0.9 };
  const limits = noDeadUnits.check(makeMeasurements(Array(10).fill(layer)))
    .map(({ message }) => message.match(/expected <= (.*) \(deadFraction(.*)\)/)!.slice(1));
  assertEquals(limits.length, 10);
  for (const [limit, why] of limits) {
    assertEquals(why === "", limit === "50 %", `${limit}${why}`);
  }
  const small = limits.filter(([, why]) => /and the 0\.\d % that depth explains/.test(why));
  assertEquals(small.length > 0, true);
});

Deno.test("noDeadUnits allows for no depth where theory does not describe the layers", () => {
  assertEquals(severities(deep(0.21, { activation: "selu" })), ["warning"]);
  const { layers, ...rest } = deep(0.21);
  layers[4] = { ...layers[4], className: "LSTM" };
  assertEquals(severities({ ...rest, layers }), ["warning"]);
});
