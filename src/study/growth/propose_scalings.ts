import { optimizerTraits } from "../../traits/optimizers.ts";
import type { AxisGrowth, GrowthSummary, LayerGrowth } from "./growth_summary.ts";
import { type GrowthAxis, type LayerScaling, repeatedName } from "./growth_types.ts";
import { FLAT_SLOPE } from "../../theory/growth_limits.ts";

/** Change of a layer along one axis, in powers of its size. */
interface Powers {
  std: number;
  rate: number;
  /** Factor of the initial standard deviation at any size. Default: 1. */
  factor?: number;
}

/** Theory scales by powers that are multiples of this. */
const POWER = 0.5;

/** Adding one block after the other, independent branches grow as the root of their number. */
const BRANCH_POWER = -0.5;

/**
 * Proposes what to scale in each layer so that slopes become flat, from the slopes that were
 * measured.
 *
 * Along the width, the update of a kernel moves its output by update x fan-in x input, since the
 * updates of one batch add up. The rate cancels the slope of that product, and the initial
 * standard deviation the slope by which the output outgrows the input. What moves below a readout
 * moves along its kernel and adds up as well, so that the kernel has to fall as 1 / fan-in.
 *
 * Along the depth, a branch whose sum grows is multiplied by depth^-1/2. In a chain without sums
 * the size grows by the same factor in each layer, which the kernels cancel. The rates of
 * repeated layers cancel the slope of the change.
 *
 * @returns The changes; none if every slope is flat, or no power of the size would help.
 */
export function proposeScalings({ growth, training }: GrowthSummary): LayerScaling[] {
  const scalings: LayerScaling[] = [];
  for (const axis of ["width", "depth"] as const) {
    // Siblings of the least size along the other axis represent all.
    const found = growth.find((one) => one.axis === axis && one.level !== "flat");
    if (found === undefined) continue;
    const takesGradient = optimizerTraits(training.optimizer)?.takesGradientAsItIs === true;
    const powers = axis === "width" ? widthPowers(found, { takesGradient }) : depthPowers(found);
    for (const [layer, { std, rate, factor = 1 }] of powers) {
      if (std === 0 && rate === 0 && factor === 1) continue;
      scalings.push({ layer, factor, std: along(axis, std), rate: along(axis, rate) });
    }
  }
  return scalings;
}

/** Joins changes of the same layers: powers add up. */
export function joinScalings(
  before: readonly LayerScaling[],
  after: readonly LayerScaling[],
): LayerScaling[] {
  const joined = new Map(before.map((scaling) => [scaling.layer, scaling]));
  for (const { layer, factor, std, rate } of after) {
    const own = joined.get(layer);
    joined.set(layer, {
      layer,
      factor: (own?.factor ?? 1) * factor,
      std: add(own?.std, std),
      rate: add(own?.rate, rate),
    });
  }
  return [...joined.values()].filter(({ factor, std, rate }) =>
    factor !== 1 || [std, rate].some(({ width, depth }) => width !== 0 || depth !== 0)
  );
}

function add(
  a: LayerScaling["std"] = { width: 0, depth: 0 },
  b: LayerScaling["std"],
): LayerScaling["std"] {
  return { width: a.width + b.width, depth: a.depth + b.depth };
}

function along(axis: GrowthAxis, power: number): LayerScaling["std"] {
  return { width: 0, depth: 0, [axis]: power };
}

/** Returns the power that takes a slope back; 0 for a flat one. */
function against(slope: number): number {
  if (!Number.isFinite(slope) || Math.abs(slope) <= FLAT_SLOPE) return 0;
  return -Math.round(slope / POWER) * POWER || 0;
}

function widthPowers(
  { layers }: AxisGrowth,
  { takesGradient }: { takesGradient: boolean },
): Map<string, Powers> {
  const powers = new Map<string, Powers>();
  for (const layer of kernelLayers(layers).toReversed()) {
    const { multiplier, input, fanIn, slopes, role } = layer;
    // Below a readout that begins at 0 there is no gradient in the first step.
    const update = slopes.updates.find((slope) => slope !== null) ?? null;
    const [initial] = slopes.activations;
    const own = (update?.value ?? 0) + fanIn! + (input ?? 0) + multiplier;
    const outgrows = (initial?.value ?? 0) - (input ?? 0);
    const rate = update === null ? 0 : against(own);
    const isSteep = layer.level !== "flat";
    let std = role === "output" && outgrows < 0 ? 0 : against(outgrows);
    if (role === "output" && isSteep && std === 0 && layer.std !== null) {
      // What moves below it moves along its kernel, so that a fan-in of n adds up to n.
      std = against(layer.std + multiplier + fanIn!);
    }
    powers.set(layer.name, { std, rate });
    // The readout decides the gradients of all layers below it.
    if (takesGradient && role === "output" && (std !== 0 || rate !== 0)) break;
  }
  return powers;
}

function depthPowers({ layers, sizes }: AxisGrowth): Map<string, Powers> {
  const powers = new Map<string, Powers>();
  const steep = layers.filter(({ level }) => level !== "flat");
  const first = (layer: LayerGrowth) => layer.slopes.activations[0]?.value ?? 0;
  const largest = steep.reduce((a, b) => Math.abs(first(b)) > Math.abs(first(a)) ? b : a, steep[0]);
  const change = Math.max(...steep.map((layer) => layer.change?.value ?? 0));
  const hasBranch = layers.some(({ isBranch, repeats }) => isBranch && repeats);
  // A sum of branches that fall is left to the rates.
  const isFlat = (hasBranch ? first(largest) : Math.abs(first(largest))) <= FLAT_SLOPE;
  for (const layer of kernelLayers(layers)) {
    if (!layer.repeats) continue;
    const name = repeatedName(layer.name);
    if (isFlat) powers.set(name, { std: 0, rate: against(change) });
    else if (!hasBranch) powers.set(name, { std: 0, rate: 0, factor: 1 / gainOf(largest, sizes) });
    // A constant behind the kernel scales both what it draws and what it learns.
    else if (layer.isBranch) powers.set(name, { std: BRANCH_POWER, rate: BRANCH_POWER });
  }
  return powers;
}

/** Returns the factor by which each further layer of a chain makes the activations larger. */
function gainOf({ curves }: LayerGrowth, depths: readonly number[]): number {
  const known = depths.map((depth, i) => ({ depth, log: Math.log2(curves[i][0]) }))
    .filter(({ log }) => Number.isFinite(log));
  const least = known[0];
  const most = known.at(-1);
  if (least === undefined || most === undefined || least === most) return 1;
  return 2 ** ((most.log - least.log) / (most.depth - least.depth));
}

const isPlace = (name: string) => name.startsWith("the ");

function kernelLayers(layers: readonly LayerGrowth[]): LayerGrowth[] {
  return layers.filter(({ hasKernel, name }) => hasKernel && !isPlace(name));
}
