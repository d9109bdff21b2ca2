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

/** Effect of alike examples on an untrained layer. */
export interface Alikeness {
  /** Share of its units that are on at every entry of the batch. */
  alwaysOn: number;
  /** Share by which always-off units may exceed always-on units by chance alone. */
  chance: number;
}

/** Number of standard deviations that count as chance. */
const CHANCE = 3;
/** The same for the mean of a kernel, which only affects an allowance. */
const CHANCE_OF_MEAN = 4;

/**
 * Computes how many dead units the alikeness of the examples explains, for each untrained relu
 * layer. In a symmetrically drawn layer without biases, each unit is as likely off as on, whatever
 * the input. If a pool, depth or a normalisation makes the examples alike, units are off at all of
 * them or on at all of them. As many are always on as always off, and neither is a fault of the
 * layer.
 *
 * The other units are off half of the time. So the share of off entries minus the share of on
 * entries equals the share of always-off units minus the share of always-on units.
 *
 * @param biases The origin of the biases of the network.
 */
export function offByAlikeness({ layers }: Measurements, biases: Biases): Map<string, Alikeness> {
  if (biases !== "constant") return new Map();
  const judged = layers.filter((layer, index) => isRelu(layer) && isSymmetric(layers, index));
  return new Map(judged.flatMap((layer): [string, Alikeness][] => {
    const { name, shape, preActivations, activations, saturatedFraction, deadFraction } = layer;
    const units = shape?.at(-1);
    if (units === undefined || preActivations === null || activations === null) return [];
    // relu6 is also off above 6. If z is 0, as after zeros, neither sign of the kernel is on.
    const off = activations.zeroFraction + (saturatedFraction ?? 0);
    const neither = preActivations.zeroFraction;
    const lean = neither < 1 ? (2 * off - neither - 1) / (1 - neither) : 1;
    const alwaysOn = Math.min(1 - deadFraction!, Math.max(0, deadFraction! - lean));
    // Each unit counts between -1 and 1 with mean 0, so the mean of n units varies by at most 1 /
    // sqrt(n).
    return [[name, { alwaysOn, chance: CHANCE / Math.sqrt(units) }]];
  }));
}

/**
 * Returns true if the activation is exactly 0 when off, which is half of a symmetric distribution.
 */
function isRelu({ activation, deadFraction }: LayerMeasurements): boolean {
  return deadFraction !== null && (activation === "relu" || activation === "relu6");
}

/** Returns true if nothing between the last kernel and this layer favours off. */
function isSymmetric(layers: LayerMeasurements[], index: number): boolean {
  const own = layers.slice(0, index + 1).filter(({ depth }) => depth === layers[index].depth);
  const weights = own.slice(Math.max(0, own.findLastIndex(hasKernel))).flatMap(({ weights }) =>
    weights
  );
  return weights.length > 0 && weights.every(leansNotOff);
}

/** A recurrent kernel feeds back units that are on, which breaks the symmetry of the signs. */
function leansNotOff(weight: WeightMeasurements): boolean {
  const { values } = weight;
  if (!isKernel(weight)) return values.mean >= 0;
  if (isRecurrentKernel(weight)) return false;
  return Math.abs(values.mean) * Math.sqrt(values.count) <= CHANCE_OF_MEAN * values.std;
}

/**
 * Computes the share of dead units explained by depth alone, for the initial run of dense relu
 * layers. Empty if theory does not describe the network. For trained networks, in which on and off
 * units need not balance (see `offByAlikeness`).
 *
 * @param chain The hidden layers, or the reason why theory does not apply.
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
