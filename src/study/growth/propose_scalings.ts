import { optimizerTraits } from "../../traits/optimizers.ts";
import type { AxisGrowth, GrowthSummary, LayerGrowth } from "./growth_summary.ts";
import { type GrowthAxis, type LayerScaling, repeatedName } from "./growth_types.ts";
import { FLAT_SLOPE } from "../../theory/growth_limits.ts";

/** Change of a layer along one axis, in powers of its size. */
interface Powers {
  std: number;
  rate: number;
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
 * updates of one batch add up. The rate takes back the slope of that product, and the initial
 * standard deviation the slope by which the output outgrows the input. What moves below a readout
 * moves along its kernel and adds up as well, so that the kernel has to fall as 1 / fan-in.
 *
 * Along the depth, a branch whose sum grows is multiplied by depth^-1/2, and the rates of repeated
 * layers take back the slope of the change.
 *
 * @returns The changes; none if every slope is flat, or no power of the size would help.
 */
export function proposeScalings({ growth, training }: GrowthSummary): LayerScaling[] {
  const scalings: LayerScaling[] = [];
  for (const axis of ["width", "depth"] as const) {
    // Siblings of the least size along the other axis stand for all.
    const found = growth.find((one) => one.axis === axis && one.level !== "flat");
    if (found === undefined) continue;
    const takesGradient = optimizerTraits(training.optimizer)?.takesGradientAsItIs === true;
    const powers = axis === "width" ? widthPowers(found, { takesGradient }) : depthPowers(found);
    for (const [layer, { std, rate }] of powers) {
      if (std === 0 && rate === 0) continue;
      scalings.push({ layer, std: along(axis, std), rate: along(axis, rate) });
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
  for (const { layer, std, rate } of after) {
    const own = joined.get(layer);
    joined.set(layer, {
      layer,
      std: add(own?.std, std),
      rate: add(own?.rate, rate),
    });
  }
  return [...joined.values()].filter(({ std, rate }) =>
    [std, rate].some(({ width, depth }) => width !== 0 || depth !== 0)
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

function depthPowers({ layers }: AxisGrowth): Map<string, Powers> {
  const powers = new Map<string, Powers>();
  const worst = layers.filter(({ level }) => level !== "flat");
  const size = Math.max(...worst.map(({ slopes: { activations: [first] } }) => first?.value ?? 0));
  const change = Math.max(...worst.map((layer) => layer.change?.value ?? 0));
  const hasBranch = layers.some(({ isBranch, repeats }) => isBranch && repeats);
  for (const layer of kernelLayers(layers)) {
    if (!layer.repeats || !hasBranch) continue;
    const name = repeatedName(layer.name);
    if (size <= FLAT_SLOPE) powers.set(name, { std: 0, rate: against(change) });
    // A constant behind the kernel scales both what it draws and what it learns.
    else if (layer.isBranch) powers.set(name, { std: BRANCH_POWER, rate: BRANCH_POWER });
  }
  return powers;
}

const isPlace = (name: string) => name.startsWith("the ");

function kernelLayers(layers: readonly LayerGrowth[]): LayerGrowth[] {
  return layers.filter(({ hasKernel, name }) => hasKernel && !isPlace(name));
}
