import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../../../src/core/measure/measurements.ts";
import { initScale } from "../../../src/core/rules/weights/init_scale.ts";
import { registerLayer } from "../../../src/ground/traits/layer_traits.ts";
import { flat, makeMeasurements, makeWeight } from "../../networks/measurements.ts";
import { testThreshold } from "./test_threshold.ts";
import { assertAlmostEquals, assertEquals } from "@std/assert";

/** A custom layer between two others, with one weight of this deviation. */
function custom(
  std: number,
  weight: Partial<WeightMeasurements> = {},
  layer: Partial<LayerMeasurements> = {},
): Measurements {
  const { shape = [16, 64] } = weight;
  const count = shape.reduce((product, size) => product * size, 1);
  return makeMeasurements([
    {},
    {
      name: "mixer",
      className: "Mixer",
      activation: null,
      weights: [makeWeight({ name: "mixer/w", values: flat(std, count), ...weight, shape })],
      ...layer,
    },
    {},
  ]);
}

const found = (...given: Parameters<typeof custom>) =>
  initScale.run(custom(...given))
    .filter(({ layer }) => layer === "mixer")
    .map(({ severity, kind }) => `${severity} ${kind}`);

/**
 * Initialisers draw kernels of 16 x 64 with deviations from 1/8 (orthogonal) to sqrt(2 / 16) (He
 * over the shorter axis).
 */
const MOST = Math.sqrt(2 / 16);
const LEAST = 1 / 8;

testThreshold("initScaleCustom", {
  judge: (factor, options) => initScale.run(custom(factor * MOST), options),
  inside: [1, 9.9],
  outside: [10.1, 1e3],
  severity: "warning",
  indirect: true,
});

testThreshold("initScaleEmbedding", {
  judge: (std, options) => initScale.run(custom(std, {}, { className: "Embedding" }), options),
  inside: [0.05, 1, 2.99],
  outside: [3.01, 10],
  severity: "warning",
});

Deno.test("initScale judges a small matrix of a custom layer only where the layer makes its input small", () => {
  const shrinking = { activations: flat(0.05, 640) };
  assertEquals(found(1.01 * LEAST / 10, {}, shrinking), []);
  assertEquals(found(0.99 * LEAST / 10, {}, shrinking), ["warning too-small"]);
  // A tenth of the 0.6 that goes in, and more than that.
  assertEquals(found(1e-3, {}, { activations: flat(0.059, 640) }), ["warning too-small"]);
  assertEquals(found(1e-3, {}, { activations: flat(0.061, 640) }), []);
});

Deno.test("initScale takes a kernel's window into account", () => {
  const shape = [3, 3, 16, 16];
  const most = Math.sqrt(2 / 144);
  assertEquals(found(9.9 * most, { shape }), []);
  assertEquals(found(10.1 * most, { shape }), ["warning too-large"]);
});

Deno.test("initScale passes over vectors, rows, tables and what is not trained in custom layers", () => {
  assertEquals(found(50), ["warning too-large"]);
  for (const name of ["gamma", "beta", "bias", "scale"]) {
    assertEquals(found(50, { name: `mixer/${name}`, shape: [64] }), [], name);
  }
  assertEquals(found(50, { name: "mixer/class", shape: [1, 1, 64] }), []);
  assertEquals(found(50, { name: "mixer/gamma", shape: [8, 64] }), []);
  for (const name of ["position_embedding", "class_token", "codebook"]) {
    assertEquals(found(50, { name: `mixer/${name}` }), [], name);
  }
  assertEquals(found(50, { trainable: false }), []);
  // Zeros and other constants are left to other rules, a few entries say little.
  assertEquals(found(0), []);
  assertEquals(found(50, { shape: [3, 10] }), []);
});

Deno.test("initScale holds a layer that is registered as dense to the factor of dense ones", () => {
  registerLayer("MixerThatIsDense", { kind: "dense" });
  const className = "MixerThatIsDense";
  assertEquals(found(1.9 * MOST, {}, { className }), []);
  assertEquals(found(2.1 * MOST, {}, { className }), ["warning too-large"]);
  assertEquals(found(2.1 * MOST), []);
  // Nothing of the kind is known about the cells of a recurrent layer.
  registerLayer("MixerThatIsCell", { kind: "cell" });
  assertEquals(found(50, {}, { className: "MixerThatIsCell" }), []);
});

Deno.test("initScale gives the figures of a custom layer, and an error where the signal dies", () => {
  const dying = {
    saturatedFraction: 1,
    activation: "tanh",
    preActivations: flat(50, 640),
    activations: flat(1, 640),
  };
  const [finding] = initScale.run(custom(50, {}, dying)).filter(({ layer }) => layer === "mixer");
  const { severity, kind, measured, threshold, expected } = finding;
  assertEquals([severity, kind, threshold], ["error", "too-large", "initScaleCustom"]);
  // LeCun draws 0.25.
  assertEquals([measured, expected.bounds?.[0]], [200, 0.05]);
  assertAlmostEquals(expected.bounds![1]!, 10 * Math.SQRT2, 1e-9);
});
