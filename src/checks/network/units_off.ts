import type {
  LayerMeasurements,
  Measurements,
  WeightMeasurements,
} from "../../measure/measurements.ts";
import { reluOffFractions } from "../../theory/relu_off_fractions.ts";
import { isKernel, isRecurrentKernel } from "../../theory/weight_kinds.ts";
import type { Biases } from "./biases_of.ts";
import type { KernelLayer } from "./kernel_chain.ts";
import { hasKernel } from "./signal_path.ts";

/** What the alikeness of the examples does to an untrained layer. */
export interface Alikeness {
  /** The share of its units that are on at every entry of the batch. */
  alwaysOn: number;
  /** By how much more of its units may be always off than always on, by chance alone. */
  chance: number;
}

/** How many standard deviations pass for chance. */
const CHANCE = 3;
/** The same for the mean of a kernel, where nothing but an allowance depends on it. */
const CHANCE_OF_MEAN = 4;

/**
 * What the alikeness of the examples explains of the dead units, for each untrained relu layer. A layer that
 * is drawn symmetrically and has no biases takes a unit for off as likely as for on, whatever it is fed: where
 * a pool, depth, or a normalisation makes the examples alike, so that a unit is off at all of them or on at all
 * of them, as many are always on as are always off, and neither is a fault of the layer.
 *
 * The other units are off half of the time, so that the share of entries that are off less that of those that
 * are on tells the units that are always off less those that are always on.
 *
 * @param measurements What was measured.
 * @param biases How the biases of the network came about.
 */
export function offByAlikeness(
  { layers }: Measurements,
  biases: Biases,
): Map<string, Alikeness> {
  if (biases !== "constant") return new Map();
  const judged = layers.filter((layer, index) => isRelu(layer) && isSymmetric(layers, index));
  return new Map(judged.flatMap((layer): [string, Alikeness][] => {
    const { name, shape, preActivations, activations, saturatedFraction, deadFraction } = layer;
    const units = shape?.at(-1);
    if (units === undefined || preActivations === null || activations === null) return [];
    // A relu6 is off above, too. Where z is 0, as behind zeros, neither sign of the kernel is on.
    const off = activations.zeroFraction + (saturatedFraction ?? 0);
    const neither = preActivations.zeroFraction;
    const lean = neither < 1 ? (2 * off - neither - 1) / (1 - neither) : 1;
    const alwaysOn = Math.min(1 - deadFraction!, Math.max(0, deadFraction! - lean));
    // Each unit counts between -1 and 1, and 0 in the mean: of n the mean strays 1 / sqrt(n) at most.
    return [[name, { alwaysOn, chance: CHANCE / Math.sqrt(units) }]];
  }));
}

/** Whether a layer's activation is exactly 0 where it is off, and at half of what is symmetric. */
function isRelu({ activation, deadFraction }: LayerMeasurements): boolean {
  return deadFraction !== null && (activation === "relu" || activation === "relu6");
}

/** Whether nothing between the last kernel and this layer prefers off to on. */
function isSymmetric(layers: LayerMeasurements[], index: number): boolean {
  const own = layers.slice(0, index + 1).filter(({ depth }) => depth === layers[index].depth);
  const weights = own.slice(Math.max(0, own.findLastIndex(hasKernel))).flatMap(({ weights }) =>
    weights
  );
  return weights.length > 0 && weights.every(leansNotOff);
}

/** A recurrent kernel feeds back what is on, so that both signs are not alike there. */
function leansNotOff(weight: WeightMeasurements): boolean {
  const { values } = weight;
  if (!isKernel(weight)) return values.mean >= 0;
  if (isRecurrentKernel(weight)) return false;
  return Math.abs(values.mean) * Math.sqrt(values.count) <= CHANCE_OF_MEAN * values.std;
}

/**
 * The share of dead units that depth alone explains, for each row with an activation: of the dense relu
 * layers in a row from the input up. None where theory does not describe the network. It is for trained
 * networks, in which nothing says that as many units are on as are off (`offByAlikeness`).
 *
 * @param chain Its hidden layers, or why theory does not apply.
 * @param batch What was put in.
 */
export function offByDepth(
  chain: readonly KernelLayer[] | string,
  { examples, inputs }: Measurements["batch"],
): Map<string, number> {
  if (typeof chain === "string") return new Map();
  const other = chain.findIndex(({ layer, activation }) =>
    layer.kind !== "dense" || activation !== "relu"
  );
  const run = other === -1 ? chain : chain.slice(0, other);
  if (run.length === 0 || !(inputs.rms > 0)) return new Map();
  // Inputs that share an offset are alike from the start.
  const correlation = Math.min(1, (inputs.mean / inputs.rms) ** 2);
  const shares = reluOffFractions(run.length, examples, { correlation });
  return new Map(run.map(({ output }, i) => [output.name, shares[i]]));
}
