import { optimizerTraits } from "../../traits/optimizers.ts";
import { object, requireValue } from "../../words/shape.ts";
import { type RunningStudy, runStudy, type RunStudyOptions } from "../run_study.ts";
import { growthSummaryShape } from "../study_shapes.ts";
import type { StudySubject } from "../study_subject.ts";
import type { Study } from "../study_summary.ts";
import { type GrowthGrid, growthStudy } from "./growth_study.ts";
import type { GrowthFix, GrowthSummary, LayerGrowth } from "./growth_summary.ts";
import { type GrowthAxis, type LayerScaling, repeatedName } from "./growth_types.ts";
import { joinScalings, proposeScalings } from "./propose_scalings.ts";
import { steepestSlope } from "./slopes.ts";
import { summarizeGrowth } from "./summarize_growth.ts";

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
 * those, and goes on from what is still steep.
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

const AXES: readonly GrowthAxis[] = ["width", "depth"];

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
    for (const axis of AXES) {
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
  const factors = AXES.filter((axis) => powers[axis] !== 0)
    .map((axis) => `(${axis} / ${base[axis]}) ** ${powers[axis]}`);
  return [...first === null ? [] : [Number(first.toPrecision(3))], ...factors].join(" * ");
}
