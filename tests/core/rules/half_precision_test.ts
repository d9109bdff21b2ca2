import { assertHalfPrecision } from "../../../src/entry/assert.ts";
import type { TensorStatistics } from "../../../src/core/measure/measurements.ts";
import { rescaleWeights } from "../../../src/core/model/weights/model_weights.ts";
import { halfPrecision } from "../../../src/core/rules/signal/half_precision.ts";
import type { ExponentHistogram } from "../../../src/ground/theory/half_precision_fit.ts";
import { testBrokenNetwork } from "../assert/test_broken_network.ts";
import { flat, makeMeasurements, makeWeight } from "../../networks/measurements.ts";
import { testMessages } from "./test_messages.ts";
import { testThreshold } from "./test_threshold.ts";
import { assertEquals, AssertionError, assertStringIncludes, assertThrows } from "@std/assert";

testBrokenNetwork("half-precision", {
  spoil: (model) => void rescaleWeights(model, 1e-14, { layers: ["dense_5"] }),
  histograms: true,
});

/** Numbers, these many with each of two exponents. */
function withExponents(low: [number, number], high: [number, number], zeros = 0): TensorStatistics {
  const counts = Array(high[0] - low[0] + 1).fill(0);
  counts[0] = low[1];
  counts[counts.length - 1] = high[1];
  const exponents: ExponentHistogram = {
    zeros,
    nonFinite: 0,
    under: 0,
    from: low[0],
    counts,
    over: 0,
  };
  return { ...flat(1, 1000), exponents };
}

const judge = (given: Parameters<typeof makeMeasurements>[0]) =>
  halfPrecision.run(makeMeasurements(given));

/**
 * Gradients of two layers, a share of the first below 2^-24: 2^-25 is 0 in fp16, 2^-24 its smallest
 * number, and zeros are not counted.
 */
const lost = (share: number, largest: number) =>
  makeMeasurements([{
    preActivationGradients: withExponents(
      [-25, Math.round(1000 * share)],
      [-24, Math.round(1000 * (1 - share))],
      5000,
    ),
  }, { preActivationGradients: withExponents([0, 999], [largest, 1]) }]);

testThreshold("halfUnder", {
  // No factor of the loss is left.
  judge: (share, options) => halfPrecision.run(lost(share, 12), options),
  inside: [0, 0.5],
  outside: [0.501, 1],
  severity: "warning",
});

testThreshold("halfUnder", {
  judge: (share, options) => halfPrecision.run(lost(share, 11), options),
  inside: [0, 0.5],
  outside: [0.501, 1],
  severity: "note",
});

/** Weights of a file, a share of which is 2^-18 of the largest. */
const file = (share: number) => {
  const values = withExponents(
    [-20, Math.round(1000 * share)],
    [-2, Math.round(1000 * (1 - share))],
    5000,
  );
  const measurements = makeMeasurements([{ weights: [makeWeight({ values })] }]);
  return { ...measurements, weightsOnly: { format: "safetensors", tensors: 1 } };
};

testThreshold("fp8Under", {
  judge: (share, options) => halfPrecision.run(file(share) as never, options),
  inside: [0, 0.01],
  outside: [0.011, 0.5],
  severity: "note",
});

testMessages(import.meta, {
  "half-precision: fp8": () => halfPrecision.run(file(0.5) as never),
});

Deno.test("halfPrecision asks about fp8 in a file of weights alone", () => {
  const { weightsOnly: _weightsOnly, ...network } = file(0.5);
  assertEquals(halfPrecision.run(network as never), []);
});

Deno.test("halfPrecision notes by which power of 2 the loss can be scaled, and warns if none helps", () => {
  const said = (least: number, most: number) => {
    const gradients = { preActivationGradients: withExponents([least, 900], [most, 100]) };
    const [{ severity, kind, fix }] = judge([gradients]);
    return [severity, kind, /2\^(\d+)/.exec(fix)?.[1] ?? fix.split(":")[0]];
  };
  assertEquals(said(-30, -10), ["note", "unscaled", "22"]);
  assertEquals(said(-30, -20), ["note", "unscaled", "24"]);
  assertEquals(said(-25, 11), ["note", "unscaled", "1"]);
  // 2^-26 would still be 0, and no factor is left.
  assertEquals(said(-26, 11), ["warning", "underflow", "Use bf16"]);
  assertEquals(said(-25, 12), ["warning", "underflow", "Use bf16"]);
});

Deno.test("halfPrecision warns of any entry of 2^16 and more, in signals and in gradients", () => {
  const kinds = (figures: Parameters<typeof makeMeasurements>[0]) =>
    judge(figures).map(({ kind, layer }) => `${kind} ${layer}`);
  assertEquals(kinds([{ activations: withExponents([0, 999], [15, 1]) }]), []);
  assertEquals(kinds([{}, { activations: withExponents([0, 999], [16, 1]) }]), [
    "overflow dense_2",
  ]);
  assertEquals(kinds([{ activationGradients: withExponents([0, 999], [16, 1]) }]), [
    "overflow dense_1",
  ]);
});

Deno.test("halfPrecision has nothing to say where no exponents were counted", () => {
  assertEquals(
    judge([{ activations: flat(1e6, 640), preActivationGradients: flat(1e-9, 640) }]),
    [],
  );
});

Deno.test("assertHalfPrecision() gives no verdict where no exponents were counted, and so fails", () => {
  const uncounted = makeMeasurements([{ activations: flat(1, 640) }]);
  const { message } = assertThrows(() => assertHalfPrecision(uncounted), AssertionError);
  assertStringIncludes(message, "No verdict: the exponents were not counted.");
  assertStringIncludes(message, "Measure with { histograms: true }.");
  const counted = { activations: withExponents([0, 999], [1, 1]) };
  assertHalfPrecision(makeMeasurements([counted]));
});

Deno.test("the figure of halfPrecision is the largest share that fp16 turns to 0, if one is counted", () => {
  const shareOf = (gradients: TensorStatistics) =>
    halfPrecision.figure.of(makeMeasurements([{ preActivationGradients: gradients }]).layers[0]);
  assertEquals(shareOf(withExponents([-25, 1], [-24, 3])), 0.25);
  assertEquals(shareOf(flat(1, 1000)), null);
});
