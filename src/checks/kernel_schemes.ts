import { activationTraits } from "../traits/activation_traits.ts";
import { criticalGain } from "../theory/critical_gain.ts";
import { gain } from "../theory/gain.ts";
import { initializerStd } from "../theory/initializer_std.ts";
import type { KernelLayer, RecurrentKernel } from "./network/kernel_chain.ts";

/** What a kernel should be drawn with, and what it was most likely drawn with. */
export interface Schemes {
  /** The initialiser that it was most likely drawn with. */
  scheme: string;
  /** The standard deviation of that one. */
  nearest: number;
  /** The initialiser that its activation asks for. */
  targetScheme: string;
  /** The standard deviation of that one. */
  target: number;
}

/** What a kernel of a chain should be drawn with: any of the usual initialisers, or the critical scale. */
export function schemesOf(kernel: KernelLayer): Schemes {
  const wanted = gain(kernel.activation) ?? 1;
  const targetScheme = wanted > 1 ? "He" : "LeCun";
  const target = wanted / Math.sqrt(kernel.fanIn);
  const { scheme, nearest } = nearestTo(kernel.kernel.values.std, {
    [targetScheme]: target,
    Glorot: initializerStd("glorot", kernel.fans),
    orthogonal: wanted * initializerStd("orthogonal", kernel.fans),
    critical: (criticalGain(kernel.activation) ?? 1) / Math.sqrt(kernel.fanIn),
  });
  // A head has no scale that the depth asks for.
  return kernel.layer.role === "output"
    ? { scheme, nearest, target: nearest, targetScheme: scheme }
    : { scheme, nearest, target, targetScheme };
}

/** Any initialiser is fine that keeps the size of a state in one of the blocks, or in all together. */
export function recurrentSchemesOf({ kernel, fans, deviation }: RecurrentKernel): Schemes {
  const nearest = nearestTo(kernel.values.std, {
    orthogonal: deviation,
    Glorot: initializerStd("glorot", fans),
    LeCun: initializerStd("lecun", fans),
    He: initializerStd("he", fans),
  });
  return { ...nearest, target: deviation, targetScheme: "orthogonal" };
}

/** The initialiser whose deviation is nearest; between two of them all deviations are as good as theirs. */
function nearestTo(std: number, schemes: Record<string, number>) {
  const deviations = Object.values(schemes);
  const isBetween = std >= Math.min(...deviations) && std <= Math.max(...deviations);
  const distance = (deviation: number) => Math.abs(Math.log(std / deviation));
  const [scheme, nearest] = Object.entries(schemes).reduce((best, candidate) =>
    distance(candidate[1]) < distance(best[1]) ? candidate : best
  );
  return { scheme, nearest: isBetween ? std : nearest };
}

/**
 * Whether all that may be fed by a kernel is normalised, and comes out as large as if the kernel were
 * larger: the first convolution of a DCGAN is drawn small, and so are those after it, each normalised.
 */
export function isMadeUpFor(
  { layer, activation }: KernelLayer,
  chain: readonly KernelLayer[],
  factor: number,
): boolean {
  const fed = chain.filter((other) => other.layer.depth === layer.depth + 1);
  return activationTraits(activation)?.homogeneous === true && fed.length > 0 &&
    fed.every(({ normalizedDeviation }) => normalizedDeviation >= 1 / factor);
}
