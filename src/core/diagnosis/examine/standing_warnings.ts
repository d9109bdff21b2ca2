import type { Measurements } from "../../measure/measurements.ts";
import type { Finding } from "../../rules/finding.ts";

/**
 * Warnings, by rule, that a memorised batch says nothing about; `null` for all kinds. A head that
 * does not fit its loss, and a network without activations, learn 32 examples and fail on more, as
 * published programs do; kernels far too large tell them apart at once, and on more examples an
 * LSTM, attention and an embedding (seed 152 of `bench/trainability`) are slower than with the fix,
 * unlike a head whose kernel is less than `FAR` times too large. A rate outside the usual range,
 * units or layers drawn alike and untrained frozen layers are mistakes whatever they cost, one class
 * shows nothing of the others, and the trial does not train in half precision.
 */
const STANDING: Readonly<Record<string, readonly string[] | null>> = {
  "output-head": null,
  "learning-rate": null,
  "half-precision": null,
  "target-normalized": ["one-class"],
  "init-scale": ["too-large"],
  "architecture": ["no-activation"],
  "symmetry": null,
  "gradients-flow": ["frozen-untrained"],
};

/** The kernel of a head that is too large by less than this factor does not stand. */
const FAR = 10;

/** Returns true if a memorised batch says nothing about a warning. */
export function isStanding(finding: Finding, measurements: Measurements): boolean {
  const { rule, kind } = finding;
  const kinds = STANDING[rule];
  return kinds === null ||
    kinds?.includes(kind ?? "") === true && !isSlightlyLarge(finding, measurements);
}

function isSlightlyLarge({ rule, layer, measured }: Finding, { layers }: Measurements): boolean {
  const role = layers.find(({ name }) => name === layer)?.role;
  return rule === "init-scale" && role === "output" && measured! < FAR;
}
