import { gain } from "../theory/gain.ts";
import { meanField, type MeanFieldState } from "../theory/mean_field.ts";
import type { KernelLayer } from "./kernel_chain.ts";

/** The latest result: a study judges the same network at many scales, by two rules each. */
let latest: { key: string; states: MeanFieldState[] } | null = null;

/**
 * What the layers would measure if each kernel had the gain of its activation: the network of that
 * depth and those activations at criticality. Where an activation has no gain, 1 is taken.
 *
 * @param chain The hidden layers.
 * @param inputMeanSquare Mean of the squared input.
 */
export function criticalStates(chain: KernelLayer[], inputMeanSquare: number): MeanFieldState[] {
  const activations = chain.map(({ activation }) => activation);
  const key = `${activations} ${inputMeanSquare}`;
  if (latest?.key !== key) {
    const states = meanField(
      activations.map((name) => ({ activation: name, weightVariance: (gain(name) ?? 1) ** 2 })),
      inputMeanSquare,
    );
    latest = { key, states };
  }
  return latest.states;
}
