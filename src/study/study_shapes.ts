import { allOf, list, nullable, number, object, record, string } from "../words/shape.ts";
import { studyHeaderShape, studyPointShape } from "./study_document.ts";

const figure = nullable(number);

export const studyShape = allOf(studyHeaderShape, object({ points: list(studyPointShape) }));

const quartiles = nullable(object({ lower: number, median: number, upper: number }));

const scale = object({
  scale: number,
  draws: number,
  healthy: number,
  failed: record(number),
  sigma: figure,
  predictedRatio: figure,
  deltaRatio: quartiles,
  layers: list(
    object({
      name: string,
      role: string,
      activation: nullable(string),
      figures: record(quartiles),
    }),
  ),
});

const scales = list(scale, { least: 1, expected: "one scale or more" });

export const summaryShape = object({
  header: studyHeaderShape,
  points: number,
  variants: list(object({
    activation: nullable(string),
    initializer: nullable(string),
    depth: figure,
    width: figure,
    label: string,
    scales,
    best: nullable(scale),
    band: nullable(object({ from: number, to: number })),
    balanced: figure,
    trouble: object({ below: list(string), above: list(string) }),
  })),
});
