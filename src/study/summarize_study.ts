import { shownSummary, type Study, type StudySummary } from "./study_summary.ts";
import { StudyTally } from "./study_tally.ts";
import { requireValue } from "../words/shape.ts";
import { studyShape } from "./study_shapes.ts";

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
