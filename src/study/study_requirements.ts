import {
  arrayOf,
  must,
  number,
  objectWith,
  orNull,
  recordOf,
  type Requirement,
  text,
} from "../words/requirements.ts";
import { studyHeaderShape, studyPointShape } from "./study_document.ts";

const figure = orNull(number);

/** Requirement for a study with its points. */
export const studyShape: Requirement = (value, place) =>
  studyHeaderShape.given(value, place) ??
    objectWith({ points: arrayOf(studyPointShape.given) })(value, place);

const quartiles = orNull(objectWith({ lower: number, median: number, upper: number }));

const scale = objectWith({
  scale: number,
  draws: number,
  healthy: number,
  failed: recordOf(number),
  sigma: figure,
  predictedRatio: figure,
  deltaRatio: quartiles,
  layers: arrayOf(
    objectWith({ name: text, role: text, activation: orNull(text), figures: recordOf(quartiles) }),
  ),
});

const isFilled = must("one scale or more", (value) => Array.isArray(value) && value.length > 0);

const scales: Requirement = (value, place) =>
  isFilled(value, place) ?? arrayOf(scale)(value, place);

/** Requirement for the summary of a study. */
export const summaryShape: Requirement = objectWith({
  header: studyHeaderShape.given,
  points: number,
  variants: arrayOf(objectWith({
    activation: orNull(text),
    initializer: orNull(text),
    depth: figure,
    width: figure,
    label: text,
    scales,
    best: orNull(scale),
    band: orNull(objectWith({ from: number, to: number })),
    balanced: figure,
    trouble: objectWith({ below: arrayOf(text), above: arrayOf(text) }),
  })),
});
