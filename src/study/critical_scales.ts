import { criticalWeightVariance } from "../theory/critical_weight_variance.ts";
import { type InitializerScheme, initializerStd } from "../theory/initializer_std.ts";
import type { InitializerName } from "../theory/initializers.ts";
import { roundTo } from "../words/numbers.ts";

/** Standard deviation of the kernels of the exercise's network. */
const EXERCISE_STD = 200;

/** Networks that a sweep builds itself, and how. */
export interface BuiltNetworks {
  network: "dense" | "exercise";
  activations: readonly string[];
  /** How their kernels are drawn; empty for the network's own way. */
  initializers: readonly InitializerName[];
  /** Units of a hidden layer. */
  widths: readonly number[];
}

/**
 * Adds the critical scale of each activation to scales that a range has spaced. The band of healthy scales of a deep
 * network is narrow, and without that scale a range may step over it.
 *
 * @param scales The scales of the range, ascending.
 * @param built The networks.
 * @returns All scales, ascending; the critical ones within the range alone, to four digits.
 */
export function withCriticalScales(
  scales: readonly number[],
  { network, activations, initializers, widths }: BuiltNetworks,
): number[] {
  const sigmas = drawnSigmas(network, initializers, widths);
  const critical = activations.flatMap((activation) => {
    const sigma = criticalSigma(activation);
    return sigma === null ? [] : sigmas.map((drawn) => roundTo(4, sigma / drawn));
  });
  const within = critical.filter((scale) => scale > scales[0] && scale < scales.at(-1)!);
  return [...new Set([...scales, ...within])].toSorted((a, b) => a - b);
}

/** Returns the standard deviations that kernels are drawn with, times the root of their fan-in. */
function drawnSigmas(
  network: BuiltNetworks["network"],
  initializers: readonly InitializerName[],
  widths: readonly number[],
): number[] {
  if (initializers.length > 0) {
    return initializers.map((name) => {
      const scheme = name.replace(/Normal|Uniform/, "") as InitializerScheme;
      // Between hidden layers of one width, whatever it is.
      return initializerStd(scheme, { fanIn: 1, fanOut: 1 });
    });
  }
  return network === "dense" ? [1] : widths.map((width) => EXERCISE_STD * Math.sqrt(width));
}

function criticalSigma(activation: string): number | null {
  try {
    return Math.sqrt(criticalWeightVariance(activation));
  } catch (error) {
    // Not known, which the study says, or without a critical scale, as swish.
    if (error instanceof RangeError) return null;
    throw error;
  }
}
