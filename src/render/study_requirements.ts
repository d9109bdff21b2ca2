import {
  array,
  arrayOf,
  flag,
  number,
  object,
  objectWith,
  orNull,
  recordOf,
  type Requirement,
  text,
} from "../words/requirements.ts";

const figure = orNull(number);

const numbers = (...names: string[]) => Object.fromEntries(names.map((name) => [name, figure]));

/** An axis of a study has a value at least. */
const axis = (requirement: Requirement): Requirement => (value, place) =>
  Array.isArray(value) && value.length === 0
    ? `${place} is an empty array, expected an item or more`
    : arrayOf(requirement)(value, place);

/** The axes of a study. */
export const gridShape: Requirement = objectWith({
  scales: axis(number),
  seeds: axis(number),
  activations: axis(orNull(text)),
  initializers: axis(orNull(text)),
  depths: axis(figure),
  widths: axis(figure),
});

const header = {
  format: text,
  version: number,
  package: text,
  engine: objectWith({ backend: text, simd: flag, relaxedSimd: flag, tfjs: text }),
  model: objectWith({ name: text, source: orNull(text), fingerprint: text }),
  objective: text,
  examples: number,
  batch: orNull(text),
  layers: orNull(text),
  rules: arrayOf(text),
  grid: gridShape,
  total: number,
  shard: orNull(objectWith({ index: number, count: number })),
};

/** What a study knows before its first point. */
export const headerShape: Requirement = objectWith(header);

const layer = objectWith({
  name: text,
  role: text,
  activation: orNull(text),
  ...numbers("sigma", "gradient", "delta", "deltaNorm", "meanActivation", "saturated", "dead"),
  ...numbers("zeroGradients", "zeroDeltas", "zeroActivations"),
});

const variant = {
  activation: orNull(text),
  initializer: orNull(text),
  ...numbers("depth", "width"),
};

/** A study with its points. */
export const studyShape: Requirement = objectWith({
  ...header,
  points: arrayOf(objectWith({
    ...variant,
    index: number,
    scale: number,
    seed: number,
    objective: number,
    deltaRatio: figure,
    inputRms: number,
    plain: flag,
    healthy: flag,
    failed: arrayOf(text),
    layers: arrayOf(layer),
  })),
});

const quartiles = orNull(objectWith({ lower: number, median: number, upper: number }));

const scale = objectWith({
  scale: number,
  draws: number,
  healthy: number,
  failed: recordOf(number),
  ...numbers("sigma", "predictedRatio"),
  deltaRatio: quartiles,
  layers: arrayOf(
    objectWith({ name: text, role: text, activation: orNull(text), figures: recordOf(quartiles) }),
  ),
});

/** What a study comes to. */
export const summaryShape: Requirement = objectWith({
  header: headerShape,
  points: number,
  variants: arrayOf(objectWith({
    ...variant,
    label: text,
    scales: arrayOf(scale),
    best: orNull(object),
    band: orNull(objectWith({ from: number, to: number })),
    balanced: figure,
    trouble: objectWith({ below: array, above: array }),
  })),
});
