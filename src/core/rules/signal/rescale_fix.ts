import type { LayerMeasurements, Measurements } from "../../measure/measurements.ts";
import { gain } from "../../../ground/theory/criticality.ts";
import type { KernelLayer } from "../network/kernel_chain.ts";
import type { NetworkView } from "../network/network_view.ts";
import { isWithin } from "../network/theory_layers.ts";
import {
  figure,
  joined,
  layerName,
  layerNames,
  NOTHING,
  number,
  say,
  type Sentence,
} from "../say.ts";

/** Factor within which the scale of a kernel is accepted. */
const TOLERANCE = 1.5;
/**
 * The same if such kernels together are off by more than `TOGETHER`: small errors add up over many
 * layers.
 */
const TOLERANCE_OVER_DEPTH = 1.1;
const TOGETHER = 2;
/** Kernels whose factors are this close share one. */
const ALIKE = 1.1;
const MAX_GROUPS = 3;

/**
 * Advises by which factors to multiply which kernels, so that each gets the gain of its activation:
 * the network is then near criticality, where signals neither vanish nor explode with depth.
 *
 * @param layers The layers to rescale, in the order of the forward pass.
 * @param network The network that contains them.
 * @param options `onlySmaller`: only shrink kernels, since larger ones would not help.
 * @returns The sentence, or `null` if no kernel is off.
 */
export function rescaleFix(
  layers: readonly LayerMeasurements[],
  { chain }: NetworkView,
  { onlySmaller = false } = {},
): Sentence | null {
  const judged = new Set(layers);
  const factors = chain.map((kernel) => {
    const isJudged = kernel.layer.role === "hidden" && judged.has(kernel.layer) &&
      !kernel.normalized;
    const factor = isJudged ? factorOf(kernel) : null;
    // The end of a residual branch may be small on purpose.
    return factor !== null && factor > 1 && (kernel.added || onlySmaller) ? null : factor;
  });
  const together = factors.reduce<number>(
    (product, factor) =>
      factor !== null && isWithin(factor, TOLERANCE) ? product * factor : product,
    1,
  );
  // With added branches, the signal does not change by the product of the factors.
  const isRow = !chain.some(({ added }) => added);
  const tolerance = isRow && !isWithin(together, TOGETHER) ? TOLERANCE_OVER_DEPTH : TOLERANCE;
  const groups: KernelLayer[][] = [];
  let open = false;
  for (const [index, kernel] of chain.entries()) {
    const factor = factors[index];
    if (factor === null || isWithin(factor, tolerance)) {
      open = false;
      continue;
    }
    const group = groups.at(-1);
    const joins = open && group![0].activation === kernel.activation &&
      isWithin(factor / factorOf(group![0])!, ALIKE);
    if (joins) group!.push(kernel);
    else groups.push([kernel]);
    open = true;
  }
  if (groups.length === 0) return null;
  const kernels = chain.map(({ layer }) => layer);
  const parts = groups.slice(0, MAX_GROUPS).map((group, index) =>
    describe(group, kernels, { isFirst: index === 0 })
  );
  const rest = groups.length > MAX_GROUPS ? say`; and so on for the others` : NOTHING;
  return say`${joined(parts, "; ")}${rest}.`;
}

function describe(
  group: KernelLayer[],
  all: LayerMeasurements[],
  { isFirst }: { isFirst: boolean },
): Sentence {
  // One factor for the group, from the mean square of all its entries.
  const entries = group.reduce((sum, { kernel }) => sum + kernel.values.count, 0);
  const square = group.reduce(
    (sum, { sigma, kernel }) => sum + sigma ** 2 * kernel.values.count,
    0,
  );
  const wanted = gain(group[0].activation)!;
  const factor = number(wanted / Math.sqrt(square / entries), "factor");
  const names = layerNames(group.map(({ layer }) => layer.name), all);
  const noun = group.length === 1 ? say`the kernel of` : say`the kernels of`;
  if (!isFirst) return say`${noun} ${names} by ${factor}`;
  const deviation = wanted === 1
    ? say`1 / sqrt(fan-in)`
    : say`sqrt(${number(wanted ** 2)} / fan-in)`;
  return say`Multiply ${noun} ${names} by ${factor}, which gives the standard deviation ${deviation}
    recommended for ${group[0].activation}`;
}

function factorOf({ activation, sigma }: KernelLayer): number | null {
  const wanted = gain(activation);
  return wanted === null || !(sigma > 0) ? null : wanted / sigma;
}

/** Rms above which inputs should be normalised before any other fix. Normalised inputs have 1. */
export const LARGE_INPUT = 3;

/**
 * Returns the fix to normalise inputs that are too large, or `null` if none is. Indices have no
 * size. If the front of the model scales an input, its output counts.
 */
export function unscaledInputs({ batch, layers }: Measurements): Sentence | null {
  const sizes = batch.perInput.flatMap(
    ({ dtype, lookedUp, scaledBy, values }): { front: string | null; rms: number }[] => {
      const front = layers.filter(({ name }) => scaledBy?.includes(name));
      if (front.length > 0) {
        return front.map(({ name, activations }) => ({ front: name, rms: activations?.rms ?? 0 }));
      }
      return dtype === "float32" && !lookedUp ? [{ front: null, rms: values.rms }] : [];
    },
  );
  const largest = sizes.reduce((a, b) => b.rms > a.rms ? b : a, { front: null, rms: 0 });
  if (!(largest.rms > LARGE_INPUT)) return null;
  const size = figure(largest.rms, "rms");
  return largest.front === null
    ? say`Normalise the inputs to mean 0 and standard deviation 1 first: their rms is ${size}.`
    : say`Check the scale of ${layerName(largest.front)} first: the rms of its output is ${size},
      and should be near 1.`;
}
