import { engineShape } from "../rules/shapes/measurement_shape.ts";
import { INITIALIZERS } from "../theory/initializers.ts";
import { DOCUMENTS, writeJson } from "../words/document.ts";
import {
  boolean,
  count,
  list,
  nullable,
  number,
  object,
  oneOf,
  optional,
  readShape,
  type Shape,
  string,
} from "../words/shape.ts";
import { pointTrainingShape, studyTrainingShape } from "./growth/growth_types.ts";
import type { StudyLayer, StudyPoint } from "./grid_point.ts";
import type { StudyHeader } from "./study_header.ts";

/** An axis of a study has at least one value. */
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

/** Keys of a point in the order of writing. */
export const studyPointShape = object<StudyPoint>({
  index: count,
  seed: number,
  activation: nullable(string),
  initializer: nullable(oneOf(...INITIALIZERS)),
  depth: nullable(count),
  width: nullable(count),
  scale: number,
  rate: optional(number),
  objective: number,
  deltaRatio: nullable(number),
  inputRms: number,
  plain: boolean,
  healthy: boolean,
  failed: list(string),
  layers: list(layer),
  training: optional(pointTrainingShape),
});

export const gridShape = object<StudyHeader["grid"]>({
  seeds: axis(number),
  activations: axis(nullable(string)),
  initializers: axis(nullable(oneOf(...INITIALIZERS))),
  depths: axis(nullable(count)),
  widths: axis(nullable(count)),
  scales: axis(number),
  rates: optional(axis(number)),
});

/** Keys of a study without its points, in the order of writing. */
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
  training: optional(studyTrainingShape),
});

/** Beginning of every study, which identifies files of this program. */
export const STUDY_BEGINNING = '{\n  "format": "gradient-health study"';
/** Line before the points, and the one after them. */
export const POINTS_LINE = '  "points": [';
export const END_LINE = "  ]";
/** Beginning of every point. */
export const POINT_BEGINNING = '    {"index":';

/** Returns the text before the points, one line per key. The points follow, one line each. */
export function studyOpening(header: StudyHeader): string {
  const entries = Object.entries(studyHeaderShape.encode(header) as object);
  const lines = entries.map(([key, value]) => `  ${writeJson(key)}: ${writeJson(value)},`);
  return ["{", ...lines, POINTS_LINE].join("\n");
}

/** Returns the line of a point, without the comma that separates it from the next. */
export function studyLine(point: StudyPoint): string {
  return `    ${writeJson(studyPointShape.encode(point))}`;
}

/** Text after the points. */
export const STUDY_CLOSING = `\n${END_LINE}\n}\n`;

/** Reads the lines before {@linkcode POINTS_LINE}. */
export function readStudyOpening(lines: readonly string[], where: string): StudyHeader {
  return readShape(`${lines.join("\n").replace(/,$/, "")}}`, studyHeaderShape, where);
}

export function readStudyLine(line: string, where: string): StudyPoint {
  return readShape(line.replace(/,$/, ""), studyPointShape, where);
}
