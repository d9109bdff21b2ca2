import { LAYER_KINDS } from "../../../src/ground/traits/layers.ts";
import fc from "fast-check";
import type { Expected, Sentence } from "../../../src/core/rules/say.ts";
import type { Finding } from "../../../src/core/rules/finding.ts";
import type {
  FeatureMeasurements,
  InputMeasurements,
  LayerMeasurements,
  Measurements,
  TargetMeasurements,
  TensorStatistics,
  WeightMeasurements,
} from "../../../src/core/measure/measurements.ts";
import type { ExponentHistogram } from "../../../src/ground/theory/half_precision_fit.ts";

/** Texts that somebody might put into a model file: any script, controls, halves of characters. */
const text = fc.oneof(
  fc.constantFrom(
    "dense_1",
    "",
    "層_1",
    "a\x1b[31m\r\nb",
    "\ud800",
    "\u202e",
    "__proto__",
    "🇨🇭👩‍💻e\u0301",
  ),
  fc.string({ unit: "grapheme", maxLength: 40 }),
  fc.string({ unit: "binary", maxLength: 10 }),
  fc.string({ minLength: 60, maxLength: 90 }),
);

/** Any number; -0 aside, which JSON.stringify writes as 0. */
const number = fc.oneof(
  fc.constantFrom(0, 1, 0.5, 1e-320, 5e-324, 1e308, NaN, Infinity, -Infinity, 4.2e-7),
  fc.double().map((value) => value === 0 ? 0 : value),
);
const share = fc.double({ min: 0, max: 1, noNaN: true });

const exponents: fc.Arbitrary<ExponentHistogram> = fc.record({
  zeros: fc.nat(),
  nonFinite: fc.nat(),
  under: fc.nat(),
  from: fc.integer({ min: -40, max: 40 }),
  counts: fc.array(fc.nat(), { maxLength: 5 }),
  over: fc.nat(),
});

const statistics: fc.Arbitrary<TensorStatistics> = partly({
  count: fc.nat(),
  meanAbs: number,
  rms: number,
  maxAbs: number,
  mean: number,
  std: number,
  l2: number,
  zeroFraction: fc.oneof(share, number),
  nonFinite: fc.oneof(fc.constant(0), fc.nat()),
}, { exponents });
const maybe = fc.option(statistics);
const shape = fc.array(fc.nat(), { maxLength: 4 });
const absent = fc.dictionary(text, text, { maxKeys: 3 });

/** A record of which some keys may be absent. */
function partly<T extends object, O extends object>(
  required: { [K in keyof T]: fc.Arbitrary<T[K]> },
  optional: { [K in keyof O]: fc.Arbitrary<O[K]> },
): fc.Arbitrary<T & Partial<O>> {
  const rest = fc.record(optional, { requiredKeys: [] }) as fc.Arbitrary<Partial<O>>;
  return fc.tuple(fc.record(required) as fc.Arbitrary<T>, rest)
    .map(([own, more]) => ({ ...own, ...more }));
}

const weight: fc.Arbitrary<WeightMeasurements> = partly({
  name: text,
  shape,
  trainable: fc.boolean(),
  values: statistics,
  gradients: maybe,
  gradientsOfUsedRows: maybe,
  absent: fc.oneof(fc.record({ gradients: text }), absent),
}, {
  duplicateUnits: fc.option(fc.nat()),
  entries: fc.option(fc.array(number, { maxLength: 3 })),
});

const layer: fc.Arbitrary<LayerMeasurements> = partly({
  name: text,
  className: text,
  kind: fc.constantFrom(...LAYER_KINDS),
  activation: fc.option(text),
  depth: fc.nat(),
  trainable: fc.boolean(),
  role: fc.constantFrom("hidden" as const, "output" as const),
  calls: fc.nat(),
  shape: fc.option(shape),
  preActivations: maybe,
  activations: maybe,
  activationGradients: maybe,
  preActivationGradients: maybe,
  weights: fc.array(weight, { maxLength: 2 }),
  saturatedFraction: fc.option(fc.oneof(share, number)),
  deadFraction: fc.option(share),
  absent,
}, {
  heads: fc.array(text, { maxLength: 2 }),
  inputs: fc.array(text, { maxLength: 2 }),
  strides: fc.array(fc.nat(), { maxLength: 3 }),
  normalization: fc.constantFrom("moving" as const, "batch" as const),
  spread: fc.option(fc.oneof(share, number)),
  dropout: share,
  recurrentDropout: share,
  penalty: number,
});

const features: fc.Arbitrary<FeatureMeasurements> = fc.record({
  count: fc.nat(),
  constant: fc.nat(),
  largestOffset: fc.option(number),
  largestStd: fc.option(number),
  smallestStd: fc.option(number),
});

const input: fc.Arbitrary<InputMeasurements> = partly({
  name: text,
  shape,
  dtype: fc.oneof(fc.constantFrom("float32", "int32"), text),
  values: statistics,
}, { lookedUp: fc.boolean(), features, spread: fc.option(share) });

const target: fc.Arbitrary<TargetMeasurements> = partly({
  name: text,
  shape,
  values: statistics,
  unitMeans: fc.option(fc.array(number, { maxLength: 3 })),
}, { features, spread: fc.option(share) });

/** Any measurements that the types allow, however unlikely. */
export const anyMeasurements: fc.Arbitrary<Measurements> = fc.record({
  version: fc.constant(1 as const),
  model: fc.record({
    name: text,
    source: fc.option(text),
    parameters: fc.nat(),
    layers: fc.nat(),
  }),
  engine: fc.record({
    backend: text,
    simd: fc.boolean(),
    relaxedSimd: fc.boolean(),
    tfjs: text,
  }),
  batch: partly({
    examples: fc.nat(),
    seed: fc.option(number),
    inputs: statistics,
    perInput: fc.array(input, { maxLength: 2 }),
  }, { targets: fc.array(target, { maxLength: 2 }) }),
  objective: partly({ name: text, value: number }, { penalty: number }),
  optimizer: fc.record({ name: text, learningRate: fc.option(number) }),
  seed: fc.option(number),
  layers: fc.array(layer, { maxLength: 6 }),
});

/** Anything that a rule may have expected. */
const anyExpected: fc.Arbitrary<Expected> = fc.record({
  text,
  operator: fc.constantFrom(">=", "<=", ">", "<", "==", "between"),
  bounds: fc.array(number, { maxLength: 2 }),
  unit: text,
  of: text,
}, { requiredKeys: ["text"] });

const as = fc.constantFrom("exact", "percent", "factor");

/** Any sentence, whether or not a finding's text is made of it. */
const sentence: fc.Arbitrary<Sentence> = fc.array(
  fc.oneof(
    text,
    fc.record({ layer: text }),
    fc.record({ layers: fc.array(text), run: fc.boolean() }),
    fc.record({ weight: text, layer: text }),
    fc.record({ value: number, unit: text, as }, { requiredKeys: ["value"] }),
    fc.record({ count: fc.nat(), noun: text }),
    fc.record({ word: text }),
  ),
  { maxLength: 4 },
);

/** Any findings, about layers that exist and others. */
export const anyFindings: fc.Arbitrary<Finding[]> = fc.array(
  fc.record({
    rule: fc.oneof(fc.constant("dead-units"), text),
    severity: fc.constantFrom("error", "warning", "note"),
    layer: fc.option(text),
    layers: fc.array(text),
    measured: fc.option(number),
    expected: anyExpected,
    threshold: fc.constantFrom("deadFraction", "minEntries"),
    kind: text,
    figures: fc.dictionary(
      text,
      fc.record({ value: number, unit: text, as }, { requiredKeys: ["value", "unit"] }),
    ),
    message: text,
    fix: text,
    said: fc.record({ message: sentence, fix: sentence }),
  }, { requiredKeys: ["rule", "severity", "layer", "measured", "expected", "message", "fix"] }),
  { maxLength: 6 },
);
