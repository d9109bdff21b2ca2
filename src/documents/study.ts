import type { StudyHeader } from "../study/study_header.ts";
import type { StudyLayer, StudyPoint } from "../study/study_point.ts";
import { INITIALIZERS } from "../theory/initializers.ts";
import { writeJson } from "../words/write_json.ts";
import { engineShape } from "./report_shape.ts";
import {
  boolean,
  count,
  list,
  nullable,
  number,
  object,
  oneOf,
  readShape,
  type Shape,
  string,
} from "./shape.ts";
import { DOCUMENTS } from "./document.ts";

/** An axis of a study has a value at least. */
const axis = <T>(shape: Shape<T>) =>
  list(shape, { expected: "an array of an item or more", least: 1 });

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

/** The axes of a study. */
export const gridShape = object<StudyHeader["grid"]>({
  seeds: axis(number),
  activations: axis(nullable(string)),
  initializers: axis(nullable(oneOf(...INITIALIZERS))),
  depths: axis(nullable(count)),
  widths: axis(nullable(count)),
  scales: axis(number),
});

/** The keys of a study but its points, in the order in which they are written. */
export const studyHeaderShape = object<StudyHeader>({
  format: oneOf("gradient-health study"),
  version: oneOf(DOCUMENTS.study.version),
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
  scaleLayers: nullable(string),
  rules: list(string),
  grid: gridShape,
  total: count,
  shard: nullable(object<NonNullable<StudyHeader["shard"]>>({ index: count, count })),
});

/** How every study begins; a file that begins so is of this program. */
export const STUDY_BEGINNING = '{\n  "format": "gradient-health study"';
/** The line before the points, and the one after them. */
export const POINTS_LINE = '  "points": [';
export const END_LINE = "  ]";
/** How every point begins. */
export const POINT_BEGINNING = '    {"index":';

/** What stands before the points: a key a line. The points follow, a point a line. */
export function studyOpening(header: StudyHeader): string {
  const entries = Object.entries(studyHeaderShape.encode(header) as object);
  const lines = entries.map(([key, value]) => `  ${writeJson(key)}: ${writeJson(value)},`);
  return ["{", ...lines, POINTS_LINE].join("\n");
}

/** A point, without the comma that separates it from the next. */
export function studyLine(point: StudyPoint): string {
  return `    ${writeJson(studyPointShape.encode(point))}`;
}

/** What stands after the points. */
export const STUDY_CLOSING = `\n${END_LINE}\n}\n`;

/** The lines before {@linkcode POINTS_LINE}, read again. */
export function readStudyOpening(lines: readonly string[], where: string): StudyHeader {
  return readShape(`${lines.join("\n").replace(/,$/, "")}}`, studyHeaderShape, where);
}

/** The line of a point, read again. */
export function readStudyLine(line: string, where: string): StudyPoint {
  return readShape(line.replace(/,$/, ""), studyPointShape, where);
}
