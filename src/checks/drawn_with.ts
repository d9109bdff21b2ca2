import type { KernelLayer } from "./kernel_chain.ts";

/**
 * What is left of the standard deviation of a normal distribution that is cut at two of them. The normal
 * initialisers of TensorFlow.js cut, and do not make up for it: `heNormal` draws 0.88 of He's deviation.
 */
const CUT = 0.8796256610342398;

/** Whether a kernel may have been drawn with the given standard deviation, its tails cut or not. */
export function drawnWith({ kernel: { values } }: KernelLayer, deviation: number): boolean {
  // Three standard errors of the deviation of so many normal entries.
  const doubt = 1 + 3 / Math.sqrt(2 * values.count);
  return values.std <= deviation * doubt && values.std >= deviation * CUT / doubt;
}
