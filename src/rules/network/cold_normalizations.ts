import type { LayerMeasurements } from "../../measure/measurements.ts";

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

function rmsOf({ weights }: LayerMeasurements, name: string): number | undefined {
  return weights.find((weight) => new RegExp(`(^|/)${name}(_\\d+)?$`).test(weight.name))?.values
    .rms;
}
