import type { LayerMeasurements, TensorStatistics } from "../../measure/measurements.ts";
import {
  type ExponentHistogram,
  halfPrecisionFit,
} from "../../../ground/theory/half_precision_fit.ts";
import { defineRule } from "../define_rule.ts";
import { atMost, layerNames, number, say, shareFigure } from "../say.ts";
import type { Verdict } from "../finding.ts";
import type { Case, Rule } from "../rule.ts";

/** Exponent of the largest fp16 number, 65504. */
const MAX_EXPONENT = 15;
/** Powers of 2 by which a gradient may still grow after loss scaling. */
const HEADROOM = 3;
/** Largest power of 2 by which mixed precision scales a loss. */
const LARGEST_SCALE = 24;

/** The rule `half-precision`: the values of a pass fit into fp16. */
export const halfPrecision: Rule = defineRule({
  name: "half-precision",
  assertion: "assertHalfPrecision",
  matcher: "toFitHalfPrecision",
  passes: "has numbers that fit into fp16",
  tags: ["signal"],
  order: 180,
  level: "warn",
  assertionFailsOnWarnings: true,
  thresholds: {
    halfUnder: {
      default: 0.5,
      unit: "gradients that fp16 turns to 0 / gradients that are not 0",
      range: [0, 1],
      source: "after Micikevicius et al. 2018, whose loss scaling keeps what most gradients say",
      about: "Largest share of a layer's gradients that fp16 turns to 0.",
    },
    fp8Under: {
      default: 0.01,
      unit: "entries that fp8 turns to 0 / entries that are not 0",
      range: [0, 1],
      source: "own: it is 2e-5 for normal numbers, the largest of 1e9 of which is 6 spreads away",
      about:
        "Largest share of a weight that fp8 (E4M3, a scale for each tensor) turns to 0, in a " +
        "file without a topology.",
    },
  },
  exponentsAlone: true,
  weightsAlone: true,
  problem: "numbers that fp16 does not hold",
  summary: "In fp16 no signal overflows, and most gradients are not turned to 0 if the loss is " +
    "scaled. Judged where exponents were counted: by `--half`, or `histograms: true`.",
  formula:
    "no entry of z, a and their gradients, or of the weights in a file without a topology, of 2^16 " +
    "and more; and of the entries of dJ/da, delta " +
    "and dJ/dw that are not 0, a share of at most halfUnder below 2^-24 after a scale of the loss; " +
    "a note if they need one. The scale is at most 2^24, and leaves the largest gradient a factor " +
    "of 8 below the largest number. Of the weights in a file " +
    "without a topology, a share of at most fp8Under below 2^-17 of the largest (a note). Entries " +
    "are known by their exponents.",
  source: "IEEE 754 binary16; Micikevicius et al. 2018, Mixed Precision Training.",
  misleads:
    "A pass in float32 is judged: sums that a kernel of fp16 makes on the way are not seen. " +
    "bf16 has the exponents of float32, and holds whatever float32 does, with fewer digits. " +
    "Gradients shrink while a network learns: scale the loss dynamically.",
  fix: "Scale the loss, keep in float32 what overflows, or use bf16.",
  falsePositives: "Not measured: it judges nothing unless it is asked to.",
  asserts:
    "that what a pass computes fits into fp16: no z, a or gradient overflows, and at most half " +
    "of a layer's gradients are turned to 0 (`halfUnder`) if the loss is scaled. Measure with " +
    "`histograms: true`; without them there is no verdict. `report` and the gate only warn of it.",
  fails: "signals overflow in fp16, or most gradients are turned to 0 at any scale of the loss",
  throws: "If fp16 does not hold what was measured.",
  example: {
    title: "A network that passes",
    code: `
      import { startEngine } from "@gradient-health/gradient-health/engine";
      import { exerciseModel, randomBatch } from "@gradient-health/gradient-health/model";
      import { measure } from "@gradient-health/gradient-health/measure";
      import { assertHalfPrecision } from "@gradient-health/gradient-health/assert";

      await using _engine = await startEngine();
      const model = exerciseModel({ std: 1 / Math.sqrt(20) });
      assertHalfPrecision(await measure(model, randomBatch(model), { histograms: true }));
      model.dispose();
    `,
  },
  figure: {
    title: "share of gradients that fp16 turns to 0",
    scale: "linear",
    of: (layer) => {
      const counted = gradientsOf(layer);
      return counted.length === 0 ? null : Math.max(...counted.map((one) => underOf(one)));
    },
  },
  judge: (subject) => [...overflow(subject), ...underflow(subject), ...fp8Underflow(subject)],
});

function exponentsOf(tensors: readonly (TensorStatistics | null)[]): ExponentHistogram[] {
  return tensors.flatMap((tensor) => tensor?.exponents ?? []);
}

/**
 * Returns the exponents that must fit; those of weights are counted only in a file of weights
 * alone.
 */
const signalsOf = (layer: LayerMeasurements) =>
  exponentsOf([
    layer.preActivations,
    layer.activations,
    ...layer.weights.map(({ values }) => values),
  ]);

const gradientsOf = (layer: LayerMeasurements) =>
  exponentsOf([
    layer.activationGradients,
    layer.preActivationGradients,
    ...layer.weights.map(({ gradients }) => gradients),
  ]);

/** Exponent of the smallest subnormal fp16 number. */
const MIN_EXPONENT = -24;

/** Returns the share of nonzero entries that fp16 turns to 0 after scaling by a power of 2. */
function underOf({ under, from, over, counts }: ExponentHistogram, power = 0): number {
  const sum = (some: readonly number[]) => some.reduce((total, count) => total + count, 0);
  const rest = under + over + sum(counts);
  const lost = sum(counts.slice(0, Math.max(0, MIN_EXPONENT - power - from)));
  return rest === 0 ? 0 : (under + lost) / rest;
}

function overflow({ layers, measurements }: Case): Verdict[] {
  const shares = layers.map((layer) => ({
    name: layer.name,
    over: Math.max(
      0,
      ...[...signalsOf(layer), ...gradientsOf(layer)].map((one) => halfPrecisionFit(one).fp16.over),
    ),
  })).filter(({ over }) => over > 0);
  if (shares.length === 0) return [];
  const names = shares.map(({ name }) => name);
  const most = Math.max(...shares.map(({ over }) => over));
  const figures = { over: shareFigure(most, "entries") };
  return [{
    ...about(names),
    kind: "overflow",
    measured: most,
    expected: atMost(0),
    figures,
    message: say`Up to ${figures.over} of the entries of ${
      layerNames(names, measurements.layers)
    } overflow in fp16, whose largest number is ${number(65504, "exact")}; expected none.`,
    fix: "Keep these layers in float32, or use bf16.",
  }];
}

function underflow({ layers, measurements, thresholds }: Case<"halfUnder">): Verdict[] {
  const { halfUnder } = thresholds;
  const shares = layers
    .map((layer) => ({
      name: layer.name,
      under: Math.max(0, ...gradientsOf(layer).map((one) => underOf(one))),
    }))
    .filter(({ under }) => under > halfUnder);
  if (shares.length === 0) return [];
  const largest = Math.max(...measurements.layers.flatMap(gradientsOf).map(largestExponent));
  const power = Math.min(LARGEST_SCALE, MAX_EXPONENT - HEADROOM - largest);
  const names = shares.map(({ name }) => name);
  // Mixed precision scales the loss by itself.
  const helps = power > 0 &&
    layers.flatMap(gradientsOf).every((one) => underOf(one, power) <= halfUnder);
  const most = Math.max(...shares.map(({ under }) => under));
  const figures = { under: shareFigure(most, "gradients that are not 0") };
  const expected = atMost(halfUnder);
  return [{
    ...about(names),
    severity: helps ? "note" : "warning",
    kind: helps ? "unscaled" : "underflow",
    measured: most,
    expected,
    threshold: "halfUnder",
    figures,
    message: say`${
      helps ? say`Without a scaled loss, fp16` : say`fp16`
    } turns up to ${figures.under} of the gradients of ${
      layerNames(names, measurements.layers)
    } to 0; expected ${shareFigure(halfUnder, "gradients")} or less (halfUnder).`,
    fix: helps
      ? say`Scale the loss by up to 2^${
        number(power, "exact")
      }, and the gradients back, or use bf16.`
      : "Use bf16: no scale of the loss keeps the largest gradients and these in fp16.",
  }];
}

/** Notes weights of which fp8 keeps too little, since some entries are far larger than the others. */
function fp8Underflow(
  { layers, measurements, thresholds: { fp8Under } }: Case<"fp8Under">,
): Verdict[] {
  if (measurements.weightsOnly === undefined) return [];
  const shares = layers.map((layer) => ({
    name: layer.name,
    under: Math.max(
      0,
      ...exponentsOf(layer.weights.map(({ values }) => values)).map(scaledUnderOf),
    ),
  })).filter(({ under }) => under > fp8Under);
  if (shares.length === 0) return [];
  const names = shares.map(({ name }) => name);
  const most = Math.max(...shares.map(({ under }) => under));
  const figures = { under: shareFigure(most, "entries that are not 0") };
  return [{
    ...about(names),
    severity: "note",
    kind: "fp8-underflow",
    measured: most,
    expected: atMost(fp8Under),
    threshold: "fp8Under",
    figures,
    message:
      say`fp8 (E4M3, a scale for each tensor) turns up to ${figures.under} of the weights of ${
        layerNames(names, measurements.layers)
      } to 0, since the largest are far larger; expected ${
        shareFigure(fp8Under, "entries")
      } or less (fp8Under).`,
    fix: "Quantise these layers with a scale for each row or block, or keep them in 16 bits.",
  }];
}

/** Returns the share of nonzero entries that fp8 turns to 0 if the largest just fits. */
function scaledUnderOf(histogram: ExponentHistogram): number {
  const { zeros, under, counts, over } = histogram;
  const rest = under + over + counts.reduce((total, count) => total + count, 0);
  return rest === 0 ? 0 : halfPrecisionFit(histogram).e4m3Scaled.under * (zeros + rest) / rest;
}

const about = (names: string[]) => ({
  severity: "warning" as const,
  layer: names[0],
  ...names.length > 1 ? { layers: names } : {},
});

function largestExponent({ from, counts, over }: ExponentHistogram): number {
  if (over > 0) return Infinity;
  return counts.length > 0 ? from + counts.length - 1 : -Infinity;
}
