import { criticalGain, gain } from "../../theory/criticality.ts";
import {
  CUT_DEVIATION,
  fans,
  type InitializerScheme,
  initializerStd,
} from "../../theory/initializers.ts";
import type { KernelLayer } from "./kernel_chain.ts";

/** Gain recommended for an activation, or `null`. */
type Gain = (activation: string) => number | null;

/** Gains at which a network may be critical: selu has two. */
export const CRITICAL_GAINS: readonly Gain[] = [gain, criticalGain];

/**
 * Returns true if a kernel may have been drawn with the given standard deviation, with cut tails or
 * without.
 */
function drawnWith({ kernel: { values } }: KernelLayer, deviation: number): boolean {
  // Three standard errors of the deviation, for that number of normal entries.
  const doubt = 1 + 3 / Math.sqrt(2 * values.count);
  return values.std <= deviation * doubt && values.std >= deviation * CUT_DEVIATION / doubt;
}

const SCHEMES: InitializerScheme[] = ["he", "lecun", "glorot", "orthogonal"];

function sigma({ kernel: { values }, fanIn }: KernelLayer): number {
  return values.std * Math.sqrt(fanIn);
}

/** Returns sigma_w at criticality: the gain of the activation, or 1 if it has none. */
export function criticalSigma({ activation }: KernelLayer, gainOf: Gain): number {
  return gainOf(activation) ?? 1;
}

/**
 * Returns sigma_w at criticality, reduced by the tails that TensorFlow.js cuts off if the kernel
 * looks drawn that way.
 */
export function cutSigma(layer: KernelLayer, gainOf: Gain): number {
  const wanted = criticalSigma(layer, gainOf);
  const isDrawn = drawnWith(layer, wanted / Math.sqrt(layer.fanIn));
  return isDrawn ? Math.min(sigma(layer), wanted) : wanted;
}

/**
 * Returns sigma_w of a kernel drawn by He, LeCun, Glorot or orthogonal, whatever its activation,
 * else the gain.
 */
export function usualSigma(layer: KernelLayer): number {
  // TensorFlow.js computes the fans of every kernel like those of an ordinary convolution.
  const isDrawn = [layer.fans, fans(layer.kernel.shape)].some((own) =>
    SCHEMES.some((scheme) => drawnWith(layer, initializerStd(scheme, own)))
  );
  return isDrawn ? sigma(layer) : criticalSigma(layer, gain);
}
