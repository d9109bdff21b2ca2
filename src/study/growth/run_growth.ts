import { object, requireValue } from "../../words/shape.ts";
import { type RunningStudy, runStudy, type RunStudyOptions } from "../run_study.ts";
import type { Study } from "../study_summary.ts";
import type { StudySubject } from "../study_subject.ts";
import { type GrowthGrid, growthStudy } from "./growth_study.ts";
import { scalingCode } from "./scaling_code.ts";
import { growthSummaryShape } from "../study_shapes.ts";
import type { GrowthFix, GrowthSummary } from "./growth_summary.ts";
import type { LayerScaling } from "./growth_types.ts";
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
