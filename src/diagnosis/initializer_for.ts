import { gain } from "../theory/gain.ts";

/** The initialiser for the kernel before an activation: of a sigmoid, which has no useful gain, LeCun's too. */
export function initializerFor(activation: string): "heNormal" | "leCunNormal" {
  return (gain(activation) ?? 1) > 1 ? "heNormal" : "leCunNormal";
}
