import type { Fans } from "./fans.ts";
import { number, objectWith, requireValue, text } from "../words/requirements.ts";
import { showValue } from "../words/show_value.ts";

/**
 * Initialisation scheme of a kernel: `he`, `lecun`, `glorot` (uniform or normal alike) or
 * `orthogonal`.
 */
export type InitializerScheme = "he" | "lecun" | "glorot" | "orthogonal";

/** Returns the variance of each scheme. */
const VARIANCES: Readonly<Record<InitializerScheme, (fans: Fans) => number>> = {
  he: ({ fanIn }) => 2 / fanIn,
  lecun: ({ fanIn }) => 1 / fanIn,
  glorot: ({ fanIn, fanOut }) => 2 / (fanIn + fanOut),
  // Rows or columns, whichever are fewer, are orthonormal.
  orthogonal: ({ fanIn, fanOut }) => 1 / Math.max(fanIn, fanOut),
};

/**
 * Returns the standard deviation that an initialiser gives a kernel: He et al. 2015, sqrt(2 /
 * fan-in); LeCun et al. 1998, sqrt(1 / fan-in); Glorot & Bengio 2010, sqrt(2 / (fan-in + fan-out));
 * orthogonal (Saxe et al. 2014), 1 / sqrt(max(fan-in, fan-out)).
 *
 * @param scheme The initialiser.
 * @param fans Fans of the kernel, see {@linkcode fans}.
 * @returns The standard deviation of the entries.
 *
 * @example
 * ```ts
 * import { fans, initializerStd } from "@gradient-health/gradient-health/theory";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * assertAlmostEquals(initializerStd("he", fans([50, 10])), 0.2);
 * ```
 *
 * @throws {RangeError} If the scheme is not known.
 */
export function initializerStd(scheme: InitializerScheme, fans: Fans): number {
  requireValue("scheme", scheme, text);
  requireValue("fans", fans, objectWith({ fanIn: number, fanOut: number }));
  if (!Object.hasOwn(VARIANCES, scheme)) {
    const known = Object.keys(VARIANCES).join(", ");
    throw new RangeError(`initializer is ${showValue(scheme)}, expected ${known}`);
  }
  return Math.sqrt(VARIANCES[scheme](fans));
}
