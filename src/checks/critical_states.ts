import { gain } from "../theory/gain.ts";
import { meanField, type MeanFieldState } from "../theory/mean_field.ts";
import type { KernelLayer } from "./kernel_chain.ts";

/**
 * What the layers would measure if each kernel had the gain of its activation: the network of that
 * depth and those activations at criticality. Where an activation has no gain, 1 is taken.
 *
 * @param chain The hidden layers.
 * @param inputMeanSquare Mean of the squared input.
 */
export function criticalStates(chain: KernelLayer[], inputMeanSquare: number): MeanFieldState[] {
  return meanField(
    chain.map(({ activation }) => ({ activation, weightVariance: (gain(activation) ?? 1) ** 2 })),
    inputMeanSquare,
  );
}
