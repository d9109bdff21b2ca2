import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import { gain } from "../theory/gain.ts";
import { formatFactor, formatLayers, formatNumber } from "./format.ts";
import { kernelChain, type KernelLayer } from "./kernel_chain.ts";

/** A kernel closer than this to the scale its activation asks for is left alone. */
const TOLERANCE = 1.5;
/** The same where such kernels together are off by more than `TOGETHER`: over many layers, little is much. */
const TOLERANCE_OVER_DEPTH = 1.1;
const TOGETHER = 2;
/** Kernels whose factors are closer than this share one. */
const ALIKE = 1.5;
const MAX_GROUPS = 3;

/**
 * Which kernels to multiply by which factor, so that each gets the gain of its activation: the
 * network is then near criticality, where signals neither vanish nor explode over depth.
 *
 * @param layers The layers to rescale, in the order of the forward pass.
 * @param all All layers.
 * @param smaller Whether only to make kernels smaller, where larger ones are no help.
 * @returns The sentence, or `null` where the scale of no kernel is off.
 */
export function rescaleAdvice(
  layers: LayerMeasurements[],
  all: LayerMeasurements[],
  smaller = false,
): string | null {
  const chain = kernelChain(all);
  const factors = chain.map((kernel) => {
    const isJudged = kernel.layer.role === "hidden" && layers.includes(kernel.layer) &&
      !kernel.normalized;
    const factor = isJudged ? factorOf(kernel) : null;
    // The end of a residual branch may be small on purpose.
    return factor !== null && factor > 1 && (kernel.added || smaller) ? null : factor;
  });
  const together = factors.reduce<number>(
    (product, factor) => factor !== null && within(factor, TOLERANCE) ? product * factor : product,
    1,
  );
  // Where branches are added, the signal does not change by the product of the factors.
  const isRow = !chain.some(({ added }) => added);
  const tolerance = isRow && !within(together, TOGETHER) ? TOLERANCE_OVER_DEPTH : TOLERANCE;
  const groups: KernelLayer[][] = [];
  let open = false;
  for (const [index, kernel] of chain.entries()) {
    const factor = factors[index];
    if (factor === null || within(factor, tolerance)) {
      open = false;
      continue;
    }
    const group = groups.at(-1);
    const joins = open && group![0].activation === kernel.activation &&
      within(factor / factorOf(group![0])!, ALIKE);
    if (joins) group!.push(kernel);
    else groups.push([kernel]);
    open = true;
  }
  if (groups.length === 0) return null;
  const kernels = chain.map(({ layer }) => layer);
  const parts = groups.slice(0, MAX_GROUPS).map((group, index) =>
    describe(group, kernels, index === 0)
  );
  const rest = groups.length > MAX_GROUPS ? "; the others likewise" : "";
  return `${parts.join("; ")}${rest}.`;
}

function describe(group: KernelLayer[], all: LayerMeasurements[], isFirst: boolean): string {
  // One factor for the group, from the mean square of all its kernels: entries by entries.
  const entries = group.reduce((sum, { kernel }) => sum + kernel.values.count, 0);
  const square = group.reduce(
    (sum, { sigma, kernel }) => sum + sigma ** 2 * kernel.values.count,
    0,
  );
  const wanted = gain(group[0].activation)!;
  const factor = formatFactor(wanted / Math.sqrt(square / entries));
  const names = formatLayers(group.map(({ layer }) => layer.name), all);
  const noun = group.length === 1 ? "the kernel of" : "the kernels of";
  const what = isFirst ? `Multiply ${noun} ${names} by ${factor}` : `${noun} ${names} by ${factor}`;
  const deviation = wanted === 1
    ? "1 / sqrt(fan-in)"
    : `sqrt(${formatNumber(wanted ** 2)} / fan-in)`;
  return isFirst
    ? `${what}, which gives the standard deviation ${deviation} that ${
      group[0].activation
    } asks for`
    : what;
}

function factorOf({ activation, sigma }: KernelLayer): number | null {
  const wanted = gain(activation);
  return wanted === null || !(sigma > 0) ? null : wanted / sigma;
}

function within(factor: number, limit: number): boolean {
  return factor <= limit && factor >= 1 / limit;
}

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
