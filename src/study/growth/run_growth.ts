import { FLAT_SLOPE } from "../../ground/theory/sibling_slopes.ts";
import { optimizerTraits } from "../../ground/traits/optimizers.ts";
import { object, requireValue } from "../../ground/words/shape.ts";
import { type RunningStudy, runStudy, type RunStudyOptions } from "../run_study.ts";
import { growthSummaryShape } from "../study_document.ts";
import type { StudySubject } from "../study_options.ts";
import type { Study } from "../study_summary.ts";
import { type GrowthGrid, growthStudy } from "./growth_study.ts";
import {
  type AxisGrowth,
  GROWTH_AXES,
  type GrowthAxis,
  type GrowthFix,
  type GrowthSummary,
  type LayerGrowth,
  type LayerScaling,
  repeatedName,
  steepestSlope,
} from "./growth_types.ts";
import { summarizeGrowth } from "./summarize_growth.ts";

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
 * updates of one batch add up. The rate cancels the slope of that product, and the initial standard
 * deviation the slope by which the output outgrows the input. The layers below a readout move along
 * its kernel, and their changes add up too, so the kernel has to fall as 1 / fan-in.
 *
 * Along the depth, a branch whose sum grows is multiplied by depth^-1/2. In a chain without sums
 * the size grows by the same factor in each layer, which the kernels cancel. The rates of repeated
 * layers cancel the slope of the change.
 *
 * @returns The changes; none if every slope is flat, or no power of the size would help.
 */
function proposeScalings({ growth, training }: GrowthSummary): LayerScaling[] {
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
function joinScalings(
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
      // The layers below it move along its kernel, so that a fan-in of n adds up to n.
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
  // Branches whose sizes fall are compensated by the rates.
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

/** Number of times that changes are tried: that of a readout leads to those below it. */
const MAX_ROUNDS = 4;

/** Options of a study of growth. */
export type GrowthOptions = Omit<RunStudyOptions, "training" | "scaleLayers">;

/** Options of {@linkcode tryScalings}. */
export interface TryOptions extends GrowthOptions {
  /** Judgement of the siblings as they are. */
  summary: GrowthSummary;
}

/**
 * Begins a study of growth: trains siblings of several widths and depths for a few steps each.
 *
 * @param subject Creates a sibling of a width and a depth, or the module that exports such a
 * function.
 * @param grid The sizes and seeds.
 * @param options Options of the run, as for `runStudy`.
 * @returns The header, and the points to come: {@linkcode summarizeGrowth} judges them.
 * @throws {InputError} If no axis has two sizes.
 *
 * @example A layer whose learning rate does not suit the width
 * ```ts
 * import { runGrowth, summarizeGrowth } from "@gradient-health/gradient-health/study";
 * import { assertEquals } from "@std/assert";
 *
 * const { header, points } = await runGrowth(
 *   ({ tf, seed, width }) => {
 *     const model = tf.sequential({
 *       layers: [
 *         tf.layers.dense({ units: width!, activation: "relu", inputShape: [8] }),
 *         tf.layers.dense({ units: width!, activation: "relu" }),
 *         tf.layers.dense({ units: 4 }),
 *       ],
 *     });
 *     model.compile({ optimizer: tf.train.adam(0.01), loss: "meanSquaredError" });
 *     return model;
 *   },
 *   { widths: [32, 64, 128], seeds: 2 },
 * );
 * const { level } = summarizeGrowth({ ...header, points: await Array.fromAsync(points) });
 * assertEquals(level, "error");
 * ```
 */
export async function runGrowth(
  subject: StudySubject,
  grid: GrowthGrid,
  options: GrowthOptions = {},
): Promise<RunningStudy> {
  return await train(subject, grid, { ...options, scalings: [] });
}

async function train(
  subject: StudySubject,
  grid: GrowthGrid,
  { scalings, ...options }: GrowthOptions & { scalings: readonly LayerScaling[] },
): Promise<RunningStudy> {
  const { grid: points, training } = growthStudy(grid, scalings);
  return await runStudy(subject, points, { ...options, training });
}

/**
 * Tries to make siblings scale-free: proposes changes of their layers, trains them again with
 * those, and repeats this for slopes that are still steep.
 *
 * @param subject The subject of the study.
 * @param grid Its sizes and seeds.
 * @param options Its options, and the judgement of the siblings as they are.
 * @returns The changes with the judgement that they lead to; `null` if there is nothing to change,
 * or no power of the size helps.
 */
export async function tryScalings(
  subject: StudySubject,
  grid: GrowthGrid,
  options: TryOptions,
): Promise<GrowthFix | null> {
  requireValue("options", options, object({ summary: growthSummaryShape }));
  const { summary, ...others } = options;
  let scalings: LayerScaling[] = [];
  let latest = summary;
  let best: GrowthFix | null = null;
  for (let round = 0; round < MAX_ROUNDS && latest.level !== "flat"; round++) {
    const more = proposeScalings(latest);
    if (more.length === 0) break;
    scalings = joinScalings(scalings, more);
    const { header, points } = await train(subject, grid, { ...others, scalings });
    const study: Study = { ...header, points: await Array.fromAsync(points) };
    latest = summarizeGrowth(study);
    const steepest = Math.max(0, ...latest.growth.map(steepestSlope));
    if (best !== null && steepest >= best.steepest) continue;
    best = { scalings, code: scalingCode(scalings, summary), level: latest.level, steepest };
  }
  return best;
}

/**
 * Writes changes of layers as sentences and as code for `createModel`.
 *
 * TensorFlow.js has one learning rate for all layers. A constant behind the kernel does the same: by
 * a factor c, an optimizer that divides the gradient by its size moves the product as if its rate
 * were c times as large; one that takes the gradient as it is, c^2 times. The kernel is drawn 1 / c
 * times as large, so that the initial network is the same.
 */
function scalingCode(
  scalings: readonly LayerScaling[],
  { growth, training }: GrowthSummary,
): GrowthFix["code"] {
  const { optimizer, base } = training;
  const takesGradient = optimizerTraits(optimizer)?.takesGradientAsItIs === true;
  const layers = growth.flatMap(({ layers }) => layers);
  return scalings.map(({ layer: name, factor, std, rate }) => {
    const layer = layers.find((one) => one.name === name || repeatedName(one.name) === name);
    const words = factor === 1
      ? []
      : [`initial standard deviation x ${Number(factor.toPrecision(3))}`];
    const constant: Record<GrowthAxis, number> = { width: 0, depth: 0 };
    const drawn: Record<GrowthAxis, number> = { width: 0, depth: 0 };
    for (const axis of GROWTH_AXES) {
      if (std[axis] !== 0) words.push(`initial standard deviation x ${axis}^${std[axis]}`);
      if (rate[axis] !== 0) words.push(`learning rate x ${axis}^${rate[axis]}`);
      constant[axis] = takesGradient ? rate[axis] / 2 : rate[axis];
      drawn[axis] = std[axis] - constant[axis] + ownPower(growth, layer, axis);
    }
    const lines = [
      `kernelInitializer: tf.initializers.randomNormal({ stddev: ${
        product((layer?.baseStd ?? 1) * factor, drawn, base)
      }, seed }),`,
    ];
    if (constant.width !== 0 || constant.depth !== 0) {
      lines.push(
        `// behind the layer, before its activation:`,
        `tf.layers.rescaling({ scale: ${product(null, constant, base)} })`,
      );
    }
    return { layer: name, words: words.join(", "), code: lines.join("\n") };
  });
}

/** Returns the power of the size that the standard deviation of a layer has already. */
function ownPower(
  growth: GrowthSummary["growth"],
  layer: LayerGrowth | undefined,
  axis: GrowthAxis,
): number {
  const along = growth.find((one) => one.axis === axis)?.layers
    .find(({ name }) => name === layer?.name);
  return Math.round(2 * (along?.std ?? 0)) / 2 || 0;
}

function product(
  first: number | null,
  powers: Record<GrowthAxis, number>,
  base: Record<GrowthAxis, number | null>,
): string {
  const factors = GROWTH_AXES.filter((axis) => powers[axis] !== 0)
    .map((axis) => `(${axis} / ${base[axis]}) ** ${powers[axis]}`);
  return [...first === null ? [] : [Number(first.toPrecision(3))], ...factors].join(" * ");
}
