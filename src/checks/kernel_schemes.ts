import { activationTraits } from "../traits/activation_traits.ts";
import { criticalGain } from "../theory/critical_gain.ts";
import { gain } from "../theory/gain.ts";
import { initializerStd } from "../theory/initializer_std.ts";
import type { KernelLayer, RecurrentKernel } from "./network/kernel_chain.ts";

/** Recommended initialiser of a kernel, and the one that most likely drew it. */
export interface Schemes {
  /** Initialiser that most likely drew the kernel. */
  scheme: string;
  /** Standard deviation of that initialiser. */
  nearest: number;
  /** Initialiser recommended for the activation. */
  targetScheme: string;
  /** Standard deviation of that initialiser. */
  target: number;
}

/**
 * Returns the schemes of a kernel in a chain: any of the usual initialisers, or the critical scale.
 */
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
  // Depth does not determine the scale of a head.
  return kernel.layer.role === "output"
    ? { scheme, nearest, target: nearest, targetScheme: scheme }
    : { scheme, nearest, target, targetScheme };
}

/**
 * Returns the schemes of a recurrent kernel. Any initialiser is fine that preserves the size of the
 * state in one of the blocks, or in all together.
 */
export function recurrentSchemesOf({ kernel, fans, deviation }: RecurrentKernel): Schemes {
  const nearest = nearestTo(kernel.values.std, {
    orthogonal: deviation,
    Glorot: initializerStd("glorot", fans),
    LeCun: initializerStd("lecun", fans),
    He: initializerStd("he", fans),
  });
  return { ...nearest, target: deviation, targetScheme: "orthogonal" };
}

/**
 * Returns the initialiser with the nearest standard deviation. Any value between two initialisers
 * is as good as theirs.
 */
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
 * Returns true if everything that a kernel may feed is normalised and comes out as large as if the
 * kernel were larger: a DCGAN draws its first convolution small, and the later ones, each
 * normalised.
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
