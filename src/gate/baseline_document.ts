import type { Measurements } from "../measure/measurements.ts";
import { DOCUMENTS, writeJson } from "../words/document.ts";
import {
  byName,
  count,
  list,
  number,
  object,
  oneOf,
  optional,
  readShape,
  record,
  type Shape,
  string,
} from "../words/shape.ts";

/** Figures of one layer, for comparison with a later run. Inapplicable ones are absent. */
export interface BaselineLayer {
  /** Standard deviation of a. */
  activations?: number;
  /** Root mean square of delta. */
  deltas?: number;
  /** Share of saturated entries. */
  saturated?: number;
  /** Share of dead units. */
  dead?: number;
  /** For each weight by name, the rms of its values and, if it has one, of its gradient. */
  weights?: Record<string, [values: number] | [values: number, gradients: number]>;
}

/** Figures of one run. */
export interface BaselineRun {
  /** Name of the objective. */
  objective: string;
  /** Number of examples in the batch. */
  examples: number;
  /** Layers by name. */
  layers: Record<string, BaselineLayer>;
}

/** Contents of `gradient-health.baseline.json`: runs by the name of the model and by the seed. */
export type Baseline = Record<string, Record<string, BaselineRun>>;

/** Stored figures with which a run is compared. */
export interface BaselineEntry {
  /** Name of the model. */
  name: string;
  /** Seed of the run. */
  seed: number;
  /**
   * The stored figures; only the ones that the rule compares are there, the others are NaN. `null`
   * if the baseline does not have the run.
   */
  figures: Measurements | null;
  /** Name of the model in the baseline, if that differs; else `null`. */
  renamed: string | null;
}

/** rms of a weight, and of its gradients if it has some. */
const figures = list(number, { expected: "one or two numbers", least: 1, most: 2 });

const layer = object<BaselineLayer>({
  activations: optional(number),
  deltas: optional(number),
  saturated: optional(number),
  dead: optional(number),
  weights: optional(record(figures as Shape<[number] | [number, number]>)),
});

const pass = object<BaselineRun>({ objective: string, examples: count, layers: record(layer) });

export const baselineShape: Shape<Baseline> = record(record(pass));

const fileShape = object<{ version: 1; models: Baseline }>({
  version: oneOf(DOCUMENTS.baseline.version),
  models: baselineShape,
});

/**
 * Reads the text that {@linkcode encodeBaseline} wrote.
 *
 * @param file Its path, for the error.
 * @throws {SyntaxError} If it is not JSON.
 * @throws {InputError} If it is not a baseline: one sentence that names the place.
 */
export function decodeBaseline(text: string, file: string): Baseline {
  return readShape(text, fileShape, file).models;
}

/** Beginning of the file. */
export const BASELINE_OPENING = `{\n  "version": ${DOCUMENTS.baseline.version},\n  "models": `;

/**
 * Writes a baseline: models and layers sorted by name, seeds by number, one line per layer, so that
 * a changed layer is a changed line.
 */
export function encodeBaseline(baseline: Baseline): string {
  const models = byName(baseline).map(([name, passes]) => {
    const seeds = Object.entries(passes).sort(([a], [b]) => Number(a) - Number(b));
    return entry(4, name, block(4, seeds.map(([seed, pass]) => entry(6, seed, passOf(pass)))));
  });
  return `${BASELINE_OPENING}${block(2, models)}\n}\n`;
}

function passOf({ objective, examples, layers }: BaselineRun): string {
  const lines = byName(layers).map(([name, one]) => entry(10, name, inline(layer.encode(one))));
  return block(6, [
    entry(8, "objective", writeJson(objective)),
    entry(8, "examples", String(examples)),
    entry(8, "layers", block(8, lines)),
  ]);
}

const entry = (indent: number, key: string, value: string) =>
  `${" ".repeat(indent)}${writeJson(key)}: ${value}`;

function block(indent: number, lines: string[]): string {
  return lines.length === 0 ? "{}" : `{\n${lines.join(",\n")}\n${" ".repeat(indent)}}`;
}

/** Writes JSON in one line, with the spaces that a formatter would add. */
function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`;
  if (typeof value !== "object" || value === null) return writeJson(value);
  const entries = Object.entries(value).map(([key, one]) => `${writeJson(key)}: ${inline(one)}`);
  return entries.length === 0 ? "{}" : `{ ${entries.join(", ")} }`;
}
