import { gain } from "../theory/gain.ts";
import type { InitializerScheme } from "../theory/initializer_std.ts";

/** An initialiser of TensorFlow.js that draws kernels for an activation. */
export type KernelInitializer = "heUniform" | "leCunUniform";

/**
 * Returns the initialiser for the kernel before an activation. A sigmoid has no useful gain and
 * gets LeCun's. Both draw uniformly: `heNormal` and `leCunNormal` of TensorFlow.js cut off the
 * tails without a correction, so that they draw 0.88 times what they should, which is a factor of
 * 1/170 over 40 layers.
 */
export function initializerFor(activation: string): KernelInitializer {
  return (gain(activation) ?? 1) > 1 ? "heUniform" : "leCunUniform";
}

/** Scheme of each initialiser. */
export const SCHEME_OF: Readonly<Record<KernelInitializer, InitializerScheme>> = {
  heUniform: "he",
  leCunUniform: "lecun",
};
