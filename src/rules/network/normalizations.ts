import { normalizationWeight } from "../../theory/weight_kinds.ts";
import type { LayerMeasurements } from "../../measure/measurements.ts";
import { LAYERS } from "../../traits/layers.ts";

/** Outputs with an rms within this factor of 1 are normalised. */
const NEAR_ONE = 1.25;
/** A division by one number scales signal and gradient by the same factor, up to this one. */
const ALIKE = 2;

/**
 * Returns true if a layer normalises what another one sends it: by its class or, for a layer that
 * users define, by what it was measured to do. Its outputs then have an rms near 1, and it
 * scales the gradient as it scales the signal; a function that saturates lets less gradient through.
 */
export function normalizes(reader: LayerMeasurements, layer: LayerMeasurements): boolean {
  if (reader.kind === "normalization") return true;
  if (reader.kind !== "opaque" || Object.hasOwn(LAYERS, reader.className)) return false;
  const size = reader.activations?.rms ?? NaN;
  const forwards = size / (layer.activations?.rms ?? NaN);
  const backwards = (layer.activationGradients?.l2 ?? NaN) /
    (reader.activationGradients?.l2 ?? NaN);
  const off = backwards / forwards;
  return size < NEAR_ONE && size > 1 / NEAR_ONE && off < ALIKE && off > 1 / ALIKE;
}

/**
 * Smallest factor between actual and expected outputs of a batch normalisation at which its
 * statistics do not fit.
 */
const OFF = 3;

/**
 * Returns the batch normalisations whose moving statistics do not fit the batch: their outputs are
 * far larger or smaller than gamma and beta give for normalised values. They are not warm yet
 * (Keras's momentum of 0.99 takes hundreds of steps), or belong to other data.
 */
export function coldNormalizations(layers: readonly LayerMeasurements[]): LayerMeasurements[] {
  return layers.filter((layer) => {
    if (layer.normalization !== "moving" || layer.activations === null) return false;
    const wanted = Math.hypot(rmsOf(layer, "gamma") ?? 1, rmsOf(layer, "beta") ?? 0);
    const off = layer.activations.rms / wanted;
    return Number.isFinite(off) && wanted > 0 && (off > OFF || off < 1 / OFF);
  });
}

function rmsOf({ weights }: LayerMeasurements, part: "gamma" | "beta"): number | undefined {
  return normalizationWeight(weights, part)?.values.rms;
}
