import type {
  LayerMeasurements,
  Measurements,
  TensorStatistics,
} from "../core/measure/measurements.ts";
import { readUserText } from "../files/user_file.ts";
import { measurementsShape } from "../core/rules/require_measurements.ts";
import { DOCUMENTS, writeJson } from "../ground/words/document.ts";
import { failure } from "../ground/words/failure.ts";
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
  requireValue,
  type Shape,
  string,
} from "../ground/words/shape.ts";
import { GateError } from "../core/diagnosis/gate_result.ts";
import { isFileProblem } from "../platform/file_problems.ts";

/**
 * Reads a baseline file.
 *
 * @param file Its path.
 * @returns The baseline, or `null` if the file does not exist.
 * @throws {GateError} If it cannot be read, or is not a baseline.
 */
export async function readBaseline(file: string): Promise<Baseline | null> {
  requireValue("file", file, string);
  try {
    return parseBaseline(await readUserText(file), file);
  } catch (error) {
    if (isFileProblem(error, "NotFound")) return null;
    if (error instanceof GateError) throw error;
    throw new GateError(`the baseline cannot be read: ${failure(error)}`).within(file);
  }
}

/**
 * Parses the output of {@linkcode formatBaseline}.
 *
 * @param file Path of the baseline, which the error names.
 * @throws {GateError} If it is not a baseline: one sentence with the place in it.
 */
export function parseBaseline(content: string, file: string): Baseline {
  requireValue("content", content, string);
  requireValue("file", file, string);
  try {
    return decodeBaseline(content, file);
  } catch (error) {
    throw new GateError((error as Error).message, { cause: error });
  }
}

/** Options of {@linkcode findBaseline}. */
export interface FindBaselineOptions {
  /** Name of the model. */
  name: string;
  /** Seed of the run. */
  seed: number;
  /** Names of all models that are checked. */
  names: readonly string[];
}

const optionsShape = object({ name: string, seed: number, names: list(string) });

/**
 * Finds the stored run to compare a run with: that of its model or, if the baseline does not have
 * the model, that of a model with the same layers whose name is no longer used.
 *
 * @param baseline Contents of the baseline file.
 * @param measurements Measurements of the run.
 * @param options Model and seed of the run.
 * @returns The entry.
 */
export function findBaseline(
  baseline: Baseline,
  measurements: Measurements,
  options: FindBaselineOptions,
): BaselineEntry {
  requireValue("baseline", baseline, baselineShape);
  requireValue("measurements", measurements, measurementsShape);
  requireValue("options", options, optionsShape);
  const { name, seed, names } = options;
  const layers = measurements.layers.map((layer) => layer.name).sort().join("\n");
  const key = Object.hasOwn(baseline, name)
    ? name
    : Object.keys(baseline).find((candidate) =>
      !names.includes(candidate) &&
      Object.keys(baseline[candidate][seed]?.layers ?? {}).sort().join("\n") === layers
    );
  const run = key === undefined ? undefined : baseline[key][seed];
  if (run === undefined) return { name, seed, figures: null, renamed: null };
  const figures: Measurements = {
    ...measurements,
    batch: { ...measurements.batch, examples: run.examples },
    objective: { name: run.objective, value: NaN },
    layers: Object.entries(run.layers).map(([name, layer]) => layerOf(name, layer)),
  };
  return { name, seed, figures, renamed: key === name ? null : key! };
}

function layerOf(name: string, layer: BaselineLayer): LayerMeasurements {
  const { activations, deltas, saturated, dead, weights = {} } = layer;
  return {
    name,
    className: "",
    kind: "opaque",
    activation: null,
    depth: 0,
    trainable: true,
    role: "hidden",
    calls: 1,
    shape: null,
    preActivations: null,
    activations: activations === undefined ? null : statistics({ std: activations }),
    activationGradients: null,
    preActivationGradients: deltas === undefined ? null : statistics({ rms: deltas }),
    weights: Object.entries(weights).map(([name, [values, gradients]]) => ({
      name,
      shape: [],
      trainable: true,
      values: statistics({ rms: values }),
      gradients: gradients === undefined ? null : statistics({ rms: gradients }),
      gradientsOfUsedRows: null,
      absent: {},
    })),
    saturatedFraction: saturated ?? null,
    deadFraction: dead ?? null,
    absent: {},
  };
}

function statistics(known: Partial<TensorStatistics>): TensorStatistics {
  const unknown = { meanAbs: NaN, rms: NaN, maxAbs: NaN, mean: NaN, std: NaN, l2: NaN };
  return { count: 0, ...unknown, zeroFraction: NaN, nonFinite: 0, ...known };
}

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
 * @param file Path of the baseline, which the error names.
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
