import { isKernel } from "../../theory/weight_kinds.ts";
import type { NetworkView } from "./network_view.ts";

/**
 * Factor around a standard deviation of 1 within which a normalisation has divided by its input.
 */
const NORMALISED = 3;

/**
 * Returns true if the size of the only input makes no difference: every kernel that sees it is
 * followed by a normalisation that divides by it, as in a ResNet, whose pictures have values up to
 * 151.
 */
export function absorbsInputScale({ layers, chain, measurements }: NetworkView): boolean {
  if (measurements.batch.perInput.length !== 1) return false;
  const first = layers.filter(({ depth, weights }) => depth === 1 && weights.some(isKernel));
  return first.length > 0 && first.every((layer) => {
    const kernel = chain.find((one) => one.layer === layer);
    const deviation = kernel?.normalizedDeviation ?? 0;
    return kernel?.normalized === true && deviation < NORMALISED && deviation > 1 / NORMALISED;
  });
}
