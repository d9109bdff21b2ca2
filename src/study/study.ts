import { requireValue } from "../ground/words/shape.ts";
import { runStudy } from "./run_study.ts";
import type { StudyGrid } from "./study_grid.ts";
import type { StudyOptions, StudySubject } from "./study_options.ts";
import { studyShape } from "./study_document.ts";
import { shownStudy, shownSummary, type Study, type StudySummary } from "./study_summary.ts";
import { StudyTally } from "./study_tally.ts";

/**
 * Summarises a study: for every scale, the median and the quartiles of each figure over the draws
 * and the share of healthy draws; for every variant, the healthy band, the best scale and the
 * mean-field curve.
 *
 * @param study The study, or a part of it.
 * @returns The summary: plain data.
 *
 * @example The healthy band of relu
 * ```ts
 * import { study, summarizeStudy } from "@gradient-health/gradient-health/study";
 * import { assertAlmostEquals } from "@std/assert";
 *
 * const scales = [0.5, 1, 1.2, 1.4, 1.6, 2, 4];
 * const result = await study({ network: "dense" }, { scales, activations: ["relu"], seeds: 3 });
 * const [relu] = summarizeStudy(result).variants;
 * assertAlmostEquals(relu.balanced!, Math.SQRT2, 0.1);
 * ```
 */
export function summarizeStudy(study: Study): StudySummary {
  requireValue("study", study, studyShape);
  const { points, ...header } = study;
  const tally = new StudyTally(header);
  for (const point of points) tally.add(point);
  return shownSummary(tally.result());
}

/**
 * Runs the rescaling study: what do the initial scale of the kernels, the activation, the depth and
 * the width do to gradients and activations? At every point of the grid the model's kernels are
 * multiplied by the scale, and a forward and a backward pass is measured and judged. A model is
 * built once for all scales of a seed; each scale multiplies the original kernels.
 *
 * Figures depend on the point alone, not on `jobs`, the order or the shard.
 *
 * @param create The subject: a function that creates a model, `{ network: "dense" }` or `{ network:
 * "exercise" }`, or `{ model: "path" }`.
 * @param grid The points: every combination of scales, seeds, activations, initialisers, depths and
 * widths.
 * @param options Options of the run.
 * @returns All points. For very many points use {@linkcode runStudy}, which does not keep them.
 * @throws {StudyError} If a point cannot be measured, or the grid varies something that the subject
 * does not have.
 * @throws {InputError} If an activation, an initialiser, an option or a key of the grid is unknown,
 * or `create` does not return a model, or if the grid or an option is out of range.
 * @throws {ModelError} If a model file cannot be used.
 *
 * @example Which scale suits tanh?
 * ```ts
 * import { study, summarizeStudy } from "@gradient-health/gradient-health/study";
 * import { assert, assertEquals } from "@std/assert";
 *
 * const result = await study(
 *   { network: "dense" },
 *   { scales: [0.1, 1, 10], activations: ["tanh"], seeds: 3 },
 * );
 * assertEquals(result.points.length, 9);
 * const [tanh] = summarizeStudy(result).variants;
 * assertEquals(tanh.best?.scale, 1);
 * assert(result.points[0].failed.includes("vanishing-gradients"));
 * ```
 *
 * @example Your own model
 * ```ts
 * import { study } from "@gradient-health/gradient-health/study";
 * import { assertEquals } from "@std/assert";
 *
 * const { points } = await study(
 *   ({ tf, seed, activation }) =>
 *     tf.sequential({
 *       layers: [
 *         tf.layers.dense({
 *           units: 16,
 *           inputShape: [8],
 *           activation: activation as "relu",
 *           kernelInitializer: tf.initializers.heNormal({ seed }),
 *         }),
 *         tf.layers.dense({ units: 1 }),
 *       ],
 *     }),
 *   { scales: [0.5, 1, 2], activations: ["relu", "selu"] },
 * );
 * assertEquals(points.length, 6);
 * ```
 */
export async function study(
  create: StudySubject,
  grid: StudyGrid,
  options: StudyOptions = {},
): Promise<Study> {
  const { header, points } = await runStudy(create, grid, options);
  return shownStudy({ ...header, points: await Array.fromAsync(points) }, summarizeStudy);
}
