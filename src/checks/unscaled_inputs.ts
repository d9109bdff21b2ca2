import type { Measurements } from "../measure/measurements.ts";
import { formatNumber } from "./format.ts";

/** The rms above which inputs are to be normalised before anything else is: it is 1 of normalised ones. */
const TOO_LARGE = 3;

/** The advice to normalise inputs that are too large, or `null` where none is: indices are no sizes. */
export function unscaledInputs({ batch }: Measurements): string | null {
  const sizes = batch.perInput
    .filter(({ dtype, lookedUp }) => dtype === "float32" && !lookedUp)
    .map(({ values }) => values.rms);
  const largest = Math.max(0, ...sizes);
  if (!(largest > TOO_LARGE)) return null;
  return `Normalise the inputs to mean 0 and standard deviation 1 first: their rms is ` +
    `${formatNumber(largest)}.`;
}
