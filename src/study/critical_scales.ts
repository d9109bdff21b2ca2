import { InputError } from "../words/input_error.ts";
import { criticalWeightVariance } from "../theory/criticality.ts";
import {
  type InitializerName,
  type InitializerScheme,
  initializerStd,
} from "../theory/initializers.ts";
import { roundTo } from "../words/numbers.ts";

/** Standard deviation of the kernels of the exercise network. */
const EXERCISE_STD = 200;

/** Networks that a sweep builds itself. */
interface BuiltNetworks {
  network: "dense" | "exercise";
  activations: readonly string[];
  /** Names of the initialisers of their kernels; empty for the network's own. */
  initializers: readonly InitializerName[];
  /** Numbers of units of a hidden layer. */
  widths: readonly number[];
}

/**
 * Adds the critical scale of each activation to the evenly spaced scales of a range. The band of
 * healthy scales of a deep network is narrow, and without that scale a range may miss it.
 *
 * @param scales The scales of the range, ascending.
 * @returns All scales, ascending; of the critical ones only those within the range, to four digits.
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

/** Returns the standard deviations of the drawn kernels, times the root of their fan-in. */
function drawnSigmas(
  network: BuiltNetworks["network"],
  initializers: readonly InitializerName[],
  widths: readonly number[],
): number[] {
  if (initializers.length > 0) {
    return initializers.map((name) => {
      const scheme = name.replace(/Normal|Uniform/, "") as InitializerScheme;
      // Fan-in and fan-out are equal between hidden layers of one width.
      return initializerStd(scheme, { fanIn: 1, fanOut: 1 });
    });
  }
  return network === "dense" ? [1] : widths.map((width) => EXERCISE_STD * Math.sqrt(width));
}

/** Critical sigmas by activation: each takes up to 0.2 s to find. */
const CRITICAL_SIGMAS = new Map<string, number | null>();

function criticalSigma(activation: string): number | null {
  let sigma = CRITICAL_SIGMAS.get(activation);
  if (sigma === undefined) {
    sigma = findCriticalSigma(activation);
    CRITICAL_SIGMAS.set(activation, sigma);
  }
  return sigma;
}

function findCriticalSigma(activation: string): number | null {
  try {
    return Math.sqrt(criticalWeightVariance(activation));
  } catch (error) {
    // Unknown, which the study reports, or without a critical scale, such as swish.
    if (error instanceof InputError) return null;
    throw error;
  }
}
