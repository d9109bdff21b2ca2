import type { LayerMeasurements, Measurements } from "../../../src/core/measure/measurements.ts";
import type { RuleOptions } from "../../../src/core/rules/rule.ts";
import { deadUnits } from "../../../src/core/rules/signal/dead_units.ts";
import { goldenMeasurements } from "../../networks/golden_measurements.ts";
import { flat, makeMeasurements, makeWeight, statisticsOf } from "../../networks/measurements.ts";
import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";

/** Mark of a trained layer: biases that have moved. */
const trained = {
  weights: [makeWeight(), makeWeight({ name: "bias", shape: [20], values: flat(0.1, 20) })],
};

function judge(deadFraction: number | null, options?: RuleOptions, examples = 32) {
  const layer = { activation: "relu", saturatedFraction: null, deadFraction, ...trained };
  const measurements = makeMeasurements([layer]);
  return deadUnits.run(
    { ...measurements, batch: { ...measurements.batch, examples } },
    options,
  );
}

Deno.test("deadUnits warns above a fifth and fails above a half", () => {
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

Deno.test("deadUnits takes other shares, and fails a wholly dead layer under any", () => {
  assertEquals(judge(0.3, { deadFraction: 0.2 })[0].severity, "error");
  const [finding] = judge(1, { deadFraction: 1, deadFractionWarning: 1 });
  assertEquals([finding.severity, finding.expected.text], ["error", "< 1"]);
  assertEquals(judge(0.99, { deadFraction: 1, deadFractionWarning: 1 }), []);
});

Deno.test("deadUnits gives no verdict below 8 examples, and says so", () => {
  const [finding, ...others] = judge(1, {}, 7);
  assertEquals(others, []);
  assertEquals([finding.severity, finding.layer], ["note", null]);
  assertStringIncludes(finding.message, "7 examples are too few to judge (minExamples 8)");
  assertEquals(judge(1, {}, 8)[0].severity, "error");
  assertEquals(judge(1, { minExamples: 1 }, 1)[0].severity, "error");
  assertEquals(judge(null, {}, 1), []);
});

Deno.test("deadUnits finds the dead layer and the one behind it in relu_dead_layer", () => {
  const findings = deadUnits.run(goldenMeasurements("relu_dead_layer"));
  assertEquals(findings.map(({ severity, layer }) => [severity, layer]), [
    ["error", "dense_3"],
    ["error", "dense_4"],
  ]);
});

for (const name of ["relu_he", "relu_exploding", "seed_tanh_critical_mse", "sigmoid_vanishing"]) {
  Deno.test(`deadUnits finds no error in ${name}`, () => {
    const findings = deadUnits.run(goldenMeasurements(name));
    assertEquals(findings.filter(({ severity }) => severity === "error"), []);
  });
}

/** Ten trained relu layers of which the last has this share of dead units; depth explains 0.202 of it. */
const deep = (deadFraction: number, given: Partial<LayerMeasurements> = {}) =>
  makeMeasurements(Array.from({ length: 10 }, (_, i) => ({
    activation: "relu",
    saturatedFraction: null,
    deadFraction: i === 9 ? deadFraction : 0,
    ...trained,
    ...given,
  })));
const severities = (measurements: Measurements) =>
  deadUnits.run(measurements).map(({ severity }) => severity);

Deno.test("deadUnits allows for the units that depth explains in trained relu layers in a row", () => {
  // 0.202 + 0.798 * 0.2 = 0.3616 and 0.202 + 0.798 * 0.5 = 0.601.
  assertEquals(severities(deep(0.361)), []);
  assertEquals(severities(deep(0.363)), ["warning"]);
  assertEquals(severities(deep(0.6)), ["warning"]);
  assertEquals(severities(deep(0.602)), ["error"]);
  assertEquals(severities(deep(1)), ["error"]);
  // The sum in the message is the limit.
  const [{ message }] = deadUnits.run(deep(0.5));
  assertMatch(message, /expected <= 36\.1 % \(deadFractionWarning, plus 16\.1 % for depth\)/);
});

Deno.test("deadUnits says where the rest of a limit comes from wherever it shows", () => {
  const layer = { activation: "relu", saturatedFraction: null, deadFraction: 0.9, ...trained };
  const limits = deadUnits.run(makeMeasurements(Array(10).fill(layer)))
    .map(({ message }) => message.match(/expected <= (.*) \(deadFraction(.*)\)/)!.slice(1));
  assertEquals(limits.length, 10);
  for (const [limit, why] of limits) {
    assertEquals(why === "", limit === "50 %", `${limit}${why}`);
  }
  const small = limits.filter(([, why]) => /plus 0\.\d % for depth/.test(why));
  assertEquals(small.length > 0, true);
});

Deno.test("deadUnits allows for no depth where theory does not describe the layers", () => {
  assertEquals(severities(deep(0.21, { activation: "selu" })), ["warning"]);
  const { layers, ...rest } = deep(0.21);
  const { kernelLayout: _, ...other } = layers[4];
  layers[4] = { ...other, className: "LSTM", kind: "recurrent" };
  assertEquals(severities({ ...rest, layers }), ["warning"]);
});

/** Twenty equal numbers. */
const constant = (value: number) => statisticsOf(Array(20).fill(value));

/**
 * An untrained layer with these numbers of units that are always off and always on; the rest are on
 * half of the time.
 */
function drawn(
  [off, on, units]: [off: number, on: number, units: number],
  given: Partial<LayerMeasurements> = {},
): Measurements {
  const zeroFraction = (off + (units - off - on) / 2) / units;
  return makeMeasurements([{
    activation: "relu",
    shape: [32, units],
    saturatedFraction: null,
    deadFraction: off / units,
    activations: { ...flat(0.6, 32 * units), zeroFraction },
    ...given,
  }]);
}

Deno.test("deadUnits allows an untrained layer as many units always off as are always on", () => {
  const found = (off: number, on: number) => severities(drawn([off, on, 1000]))[0];
  // 0.2 and 0.5 more than are always on.
  assertEquals([found(200, 0), found(201, 0)], [undefined, "warning"]);
  assertEquals([found(500, 0), found(501, 0)], ["warning", "error"]);
  assertEquals([found(500, 300), found(501, 300)], [undefined, "warning"]);
  assertEquals([found(700, 200), found(701, 200)], ["warning", "error"]);
  assertEquals([found(600, 400), found(601, 399)], [undefined, "warning"]);
  assertEquals([found(999, 1), found(1000, 0)], ["error", "error"]);
});

Deno.test("deadUnits allows an untrained layer three standard deviations of chance", () => {
  // 3 / sqrt(64) = 0.375 of 64 units are 24, and 3 / sqrt(16) = 0.75 of 16 are 12.
  assertEquals(severities(drawn([26, 2, 64])), []);
  assertEquals(severities(drawn([27, 2, 64])), ["warning"]);
  assertEquals(severities(drawn([34, 2, 64])), ["warning"]);
  assertEquals(severities(drawn([35, 2, 64])), ["error"]);
  assertEquals(severities(drawn([13, 1, 16])), []);
  assertEquals(severities(drawn([14, 1, 16])), ["error"]);
  assertEquals(severities(drawn([7, 1, 8])), []);
  assertEquals(severities(drawn([8, 0, 8])), ["error"]);
});

Deno.test("deadUnits says what it allows an untrained layer for", () => {
  const said = (measurements: Measurements) => deadUnits.run(measurements)[0].message;
  assertMatch(said(drawn([701, 200, 1000])), /<= 70 % \(deadFraction, plus the 20 % that are on/);
  assertMatch(
    said(drawn([14, 1, 16])),
    /<= 81\.3 % \(deadFraction, widened to 75 % for so few units, plus the 6\.3 % that are on/,
  );
  assertMatch(
    said(drawn([27, 0, 64])),
    /\(deadFractionWarning, widened to 37\.5 % for so few units\)/,
  );
  assertMatch(said(drawn([8, 0, 8])), /expected < 100 % \(deadFraction\)/);
});

Deno.test("deadUnits counts what a relu6 holds at its bound, and z that are 0", () => {
  const layer = (zeroFraction: number) => ({ ...flat(0.6, 640), zeroFraction });
  const found = (given: Partial<LayerMeasurements>) =>
    severities(drawn([60, 0, 100], { shape: [32, 1000], deadFraction: 0.6, ...given }));
  // 60 % off, 30 % on: at 0, or half of them at 6.
  assertEquals(found({ activations: layer(0.65), activation: "relu6" }), ["warning"]);
  const bounded = { activation: "relu6", saturatedFraction: 0.3, activations: layer(0.35) };
  assertEquals(found(bounded), ["warning"]);
  assertEquals(found({ ...bounded, saturatedFraction: 0.6 }), ["error"]);
  // Half of all z are 0: of the others 60 % are off for good, 30 % on, and 10 % either.
  const preActivations = { ...flat(1, 640), zeroFraction: 0.5 };
  assertEquals(found({ activations: layer(0.5 + 0.5 * 0.65), preActivations }), ["warning"]);
  assertEquals(found({ activations: layer(0.5 + 0.5 * 0.65) }), ["error"]);
});

Deno.test("deadUnits allows nothing for alike examples where off is likelier than on", () => {
  const kernel = (mean: number) =>
    makeWeight({ values: { ...flat(0.2, 400), mean }, name: "dense_1/kernel" });
  const bias = (value: number) =>
    makeWeight({ name: "dense_1/bias", shape: [20], values: constant(value) });
  const found = (given: Partial<LayerMeasurements>) => severities(drawn([600, 300, 1000], given));
  // Four standard errors of the mean of 400 entries are 0.04.
  assertEquals(found({ weights: [kernel(-0.039), bias(0)] }), ["warning"]);
  assertEquals(found({ weights: [kernel(-0.041), bias(0)] }), ["error"]);
  assertEquals(found({ weights: [kernel(0), bias(0.1)] }), ["warning"]);
  assertEquals(found({ weights: [kernel(0), bias(-0.1)] }), ["error"]);
  assertEquals(found(trained), ["error"]);
  assertEquals(found({ activation: "softplus" }), ["error"]);
  assertEquals(found({ activations: null }), ["error"]);
  assertEquals(found({ shape: null }), ["error"]);
  const recurrent = { ...kernel(0), name: "dense_1/recurrent_kernel" };
  assertEquals(found({ weights: [kernel(0), recurrent, bias(0)] }), ["error"]);
});

Deno.test("deadUnits looks at the biases between a layer's kernel and its relu", () => {
  const { layers, ...rest } = drawn([600, 300, 1000]);
  const [relu, head] = layers;
  const found = (beta: number, depth = 1) => {
    const weights = [makeWeight({ name: "norm/beta", shape: [20], values: constant(beta) })];
    const dense = { ...relu, name: "dense", activation: "linear", deadFraction: null };
    const norm = { ...dense, name: "norm", className: "BatchNormalization", depth, weights };
    return severities({ ...rest, layers: [dense, norm, { ...relu, weights: [] }, head] });
  };
  assertEquals([found(0), found(-1), found(-1, 9)], [["warning"], ["error"], ["warning"]]);
});
