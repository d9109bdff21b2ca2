import { activationMoments, pairMoments } from "./activation_moments.ts";
import { type Gradient, sharedBy, sharedOver, type Signal } from "./signal.ts";

/** Output of an activation, and its backward pass. */
export interface Activated {
  /** a = phi(z). */
  a: Signal;
  /** Returns delta for the gradient at a. */
  back(gradient: Gradient): Gradient;
}

/**
 * Applies an elementwise activation to a normal z, unit by unit.
 *
 * @param activation Name of the activation.
 * @param z The input signal.
 * @param units Number of units or channels.
 * @param examples Number of examples.
 * @returns The output and its backward pass, or `null` if the activation is not known.
 */
export function activate(
  activation: string,
  z: Signal,
  units: number,
  examples: number,
): Activated | null {
  const variance = Math.max(0, z.meanSquare - z.mean ** 2);
  const moments = activationMoments(activation, z.mean, variance);
  if (moments === null) return null;
  const correlationOf = (product: number) =>
    variance > 0 ? Math.min(1, Math.max(0, (product - z.mean ** 2) / variance)) : 1;
  const alike = pairMoments(activation, z.mean, variance, correlationOf(z.alike));
  const near = z.near === z.alike
    ? alike
    : pairMoments(activation, z.mean, variance, correlationOf(z.near));
  const { meanSquare, kurtosis, stretch, slopeSquare, slopeKurtosis, lean } = moments;
  const aligned = Math.max(z.aligned, meanSquare > 0 ? (alike.product / meanSquare) ** 2 : 0);
  const share = sharedBy(z.vague ? 1 : aligned, examples);
  const a: Signal = {
    meanSquare,
    mean: moments.mean,
    alike: Math.min(alike.product, meanSquare),
    near: Math.min(near.product, meanSquare),
    entries: z.entries,
    spread: stretch ** 2 * z.spread + Math.max(0, kurtosis - 1) / units * share,
    aligned,
    vague: z.vague,
    normal: {
      activation,
      mean: z.mean,
      variance,
      near: correlationOf(z.near),
    },
  };
  return {
    a,
    back(gradient) {
      const { square, chosen } = gradient;
      const passed = chosen ?? slopeSquare;
      const keptBy = (product: number) => slopeSquare > 0 ? Math.min(1, product / slopeSquare) : 0;
      const kept = keptBy(alike.slopeProduct);
      const alignedBelow = gradient.aligned * kept ** 2;
      return {
        square: square * passed,
        alike: gradient.alike * passed * kept,
        near: gradient.near * passed * keptBy(near.slopeProduct),
        along: sharedOver(gradient, examples) * lean,
        // Kurtosis of a normal gradient after the mask: 5 / units for relu, as forwards (Hanin &
        // Nica 2018).
        spread: gradient.spread +
          Math.max(0, 3 * slopeKurtosis - 1) / units * sharedBy(alignedBelow, examples),
        aligned: alignedBelow,
        through: { activation, mean: z.mean, variance, slopeSquare },
      };
    },
  };
}
