import type { StudySummary } from "../study/study_summary.ts";
import { writeJson } from "../words/write_json.ts";
import { number } from "../documents/shape.ts";
import { studyHeaderShape } from "../documents/study.ts";
import { requireValue } from "../words/requirements.ts";
import { summaryShape } from "./study_requirements.ts";

/**
 * Writes the summary of a study as JSON, for programs that do not need single draws: for each
 * variant and scale the number of healthy draws, the rules that the others failed, and the median
 * and quartiles of each figure of each layer; one scale per line. Here `best` is a scale. NaN and
 * the infinities are written as the strings `"NaN"`, `"Infinity"` and `"-Infinity"`.
 *
 * @param summary The summary from `summarizeStudy`.
 * @returns The JSON text, with a newline at its end.
 *
 * @example The median gradient of the first layer
 * ```ts
 * import { renderStudySummary } from "@gradient-health/gradient-health/render";
 * import { study, summarizeStudy } from "@gradient-health/gradient-health/study";
 * import { assertEquals } from "@std/assert";
 *
 * const result = await study({ network: "exercise" }, { scales: [0.001, 1], seeds: 3 });
 * const { variants } = JSON.parse(renderStudySummary(summarizeStudy(result)));
 * const [{ scale, draws, layers }] = variants[0].scales;
 * assertEquals([scale, draws], [0.001, 3]);
 * console.log(layers[0].figures.gradient.median);
 * ```
 */
export function renderStudySummary(summary: StudySummary): string {
  requireValue("summary", summary, summaryShape);
  const { header, points, variants } = summary;
  const list = (lines: string[], indent: string) =>
    `[${lines.map((line) => `\n${indent}  ${line}`).join(",")}\n${indent}]`;
  const entries = (record: object) => line(record).slice(1, -1);
  const blocks = variants.map(({ scales, best, ...variant }) =>
    `{${entries({ ...variant, best: best?.scale ?? null })},"scales":${
      list(scales.map(line), "    ")
    }}`
  );
  const format = `${header.format} summary`;
  const opening = entries({ ...studyHeaderShape.encode(header) as object, format, points });
  return `{${opening},"variants":${list(blocks, "")}}\n`;
}

function line(value: object): string {
  return writeJson(value, (_, entry) => typeof entry === "number" ? number.encode(entry) : entry);
}
