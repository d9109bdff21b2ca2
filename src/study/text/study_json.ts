import { requireValue } from "../../ground/words/shape.ts";
import { STUDY_CLOSING, studyLine, studyOpening, studyShape } from "../study_document.ts";
import type { Study } from "../study_summary.ts";

/**
 * Writes a study as JSON, one point per line, exactly as `sweep --out` does.
 *
 * @param study The study.
 * @returns The JSON text.
 *
 * @example One point per line
 * ```ts
 * import { renderStudyJson } from "@gradient-health/gradient-health/render";
 * import { study } from "@gradient-health/gradient-health/study";
 * import { assertEquals } from "@std/assert";
 *
 * const json = renderStudyJson(await study({ network: "exercise" }, { scales: [0.001, 1] }));
 * assertEquals(JSON.parse(json).points.length, 2);
 * ```
 */
export function renderStudyJson(study: Study): string {
  requireValue("study", study, studyShape);
  const { points, ...header } = study;
  const lines = points.map((point) => `\n${studyLine(point)}`).join(",");
  return `${studyOpening(header)}${lines}${STUDY_CLOSING}`;
}
