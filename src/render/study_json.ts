import type { StudyHeader } from "../study/study_header.ts";
import type { StudyLayer, StudyPoint } from "../study/study_point.ts";
import { INITIALIZERS } from "../theory/initializers.ts";
import type { Study } from "../study/study.ts";
import { writeJson } from "../words/write_json.ts";
import { engineShape } from "./report_shape.ts";
import { boolean, count, list, nullable, number, object, oneOf, string } from "./shape.ts";
import { requireValue } from "../words/requirements.ts";
import { studyShape } from "./study_requirements.ts";

const layer = object<StudyLayer>({
  name: string,
  role: oneOf("hidden", "output"),
  activation: nullable(string),
  sigma: nullable(number),
  gradient: nullable(number),
  delta: nullable(number),
  deltaNorm: nullable(number),
  meanActivation: nullable(number),
  saturated: nullable(number),
  dead: nullable(number),
  zeroGradients: nullable(number),
  zeroDeltas: nullable(number),
  zeroActivations: nullable(number),
});

/** The keys of a point in the order in which they are written. */
export const studyPointShape = object<StudyPoint>({
  index: count,
  seed: number,
  activation: nullable(string),
  initializer: nullable(oneOf(...INITIALIZERS)),
  depth: nullable(count),
  width: nullable(count),
  scale: number,
  objective: number,
  deltaRatio: nullable(number),
  inputRms: number,
  plain: boolean,
  healthy: boolean,
  failed: list(string),
  layers: list(layer),
});

/** The keys of a study but its points, in the order in which they are written. */
export const studyHeaderShape = object<StudyHeader>({
  format: oneOf("gradient-health study"),
  version: oneOf(1),
  package: string,
  engine: engineShape,
  model: object<StudyHeader["model"]>({
    name: string,
    source: nullable(string),
    fingerprint: string,
  }),
  objective: string,
  examples: count,
  batch: nullable(string),
  layers: nullable(string),
  rules: list(string),
  grid: object<StudyHeader["grid"]>({
    seeds: list(number),
    activations: list(nullable(string)),
    initializers: list(nullable(oneOf(...INITIALIZERS))),
    depths: list(nullable(count)),
    widths: list(nullable(count)),
    scales: list(number),
  }),
  total: count,
  shard: nullable(object<NonNullable<StudyHeader["shard"]>>({ index: count, count })),
});

/** What stands before the points: a key a line. The points follow, a point a line. */
export function studyOpening(header: StudyHeader): string {
  const entries = Object.entries(studyHeaderShape.encode(header) as object);
  const lines = entries.map(([key, value]) => `  ${writeJson(key)}: ${writeJson(value)},`);
  return ["{", ...lines, '  "points": ['].join("\n");
}

/** A point, without the comma that separates it from the next. */
export function studyLine(point: StudyPoint): string {
  return `    ${writeJson(studyPointShape.encode(point))}`;
}

/** What stands after the points. */
export const STUDY_CLOSING = "\n  ]\n}\n";

/**
 * Writes a study as JSON, each point in a line of its own: the bytes that `sweep --out` writes.
 *
 * @param study The study.
 * @returns The JSON text.
 *
 * @example Each point in a line of its own
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
