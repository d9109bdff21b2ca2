import type { LayerMeasurements, Measurements, TensorStatistics } from "../measure/measurements.ts";
import { readUserText } from "../model/files/user_file.ts";
import { measurementsShape } from "../rules/require_measurements.ts";
import { failure } from "../words/failure.ts";
import { list, number, object, requireValue, string } from "../words/shape.ts";
import {
  type Baseline,
  type BaselineEntry,
  type BaselineLayer,
  baselineShape,
  decodeBaseline,
} from "./baseline_document.ts";
import { GateError } from "./gate_result.ts";

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
    if (error instanceof Deno.errors.NotFound) return null;
    if (error instanceof GateError) throw error;
    throw new GateError(`the baseline cannot be read: ${failure(error)}`).within(file);
  }
}

/**
 * Parses the output of {@linkcode formatBaseline}.
 *
 * @param file Its path, for the error.
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
