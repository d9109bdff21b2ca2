import { gain } from "../theory/gain.ts";
import { meanField, type MeanFieldState } from "../theory/mean_field.ts";
import type { KernelLayer } from "./kernel_chain.ts";

/** The latest results: a study judges the same network at many scales, by two rules each. */
const latest = new Map<Gain, { key: string; states: MeanFieldState[] }>();

type Gain = (activation: string) => number | null;

/**
 * What the layers would measure if each kernel had the gain of its activation: the network of that
 * depth and those activations at criticality. Where an activation has no gain, 1 is taken.
 *
 * @param chain The hidden layers.
 * @param inputMeanSquare Mean of the squared input.
 * @param gainOf Which gain: an activation may have another at which chi is 1. Default: `gain`.
 */
export function criticalStates(
  chain: KernelLayer[],
  inputMeanSquare: number,
  gainOf: Gain = gain,
): MeanFieldState[] {
  const activations = chain.map(({ activation }) => activation);
  const key = `${activations} ${inputMeanSquare}`;
  const known = latest.get(gainOf);
  if (known?.key === key) return known.states;
  const states = meanField(
    activations.map((name) => ({ activation: name, weightVariance: (gainOf(name) ?? 1) ** 2 })),
    inputMeanSquare,
  );
  latest.set(gainOf, { key, states });
  return states;
}
