import { roundTo } from "../words/numbers.ts";
import type { Measurements } from "../measure/measurements.ts";
import type { Baseline, BaselineLayer, BaselineRun } from "./baseline.ts";
import {
  arrayOf,
  number,
  objectWith,
  optional,
  orNull,
  requireValue,
  text,
} from "../words/requirements.ts";
import { measurementsShape } from "../checks/requirements.ts";
import { baselineShape } from "../documents/baseline.ts";

/** Number of digits of a stored figure; more would differ between machines. */
const DIGITS = 4;

/**
 * A figure that changes by less than this share keeps its stored value, so that diffs stay small.
 */
const SAME = 1e-3;

const measuredShape = objectWith({ model: text, seed: number, measurements: measurementsShape });

/**
 * Returns the baseline with the figures of new runs.
 *
 * @param old The stored baseline.
 * @param runs The new runs.
 * @param options `names`: names of all models, if known; other models are removed. Default: `null`,
 * all stay.
 * @returns The new baseline; see {@linkcode writeBaseline} for an example.
 */
export function updateBaseline(
  old: Baseline,
  runs: readonly { model: string; seed: number; measurements: Measurements }[],
  options: { names?: readonly string[] | null } = {},
): Baseline {
  requireValue("old", old, baselineShape.given);
  requireValue("runs", runs, arrayOf(measuredShape));
  requireValue("options", options, objectWith({ names: optional(orNull(arrayOf(text))) }));
  const { names = null } = options;
  const kept = Object.entries(old).filter(([name]) => names === null || names.includes(name));
  const models = new Map(kept.map(([name, runs]) => [name, new Map(Object.entries(runs))]));
  // A complete update also drops seeds that are no longer checked.
  if (names !== null) { for (const { model } of runs) models.set(model, new Map()); }
  for (const { model, seed, measurements } of runs) {
    const ofModel = models.get(model) ?? new Map();
    const before = Object.hasOwn(old, model) ? old[model][seed] : undefined;
    models.set(model, ofModel.set(String(seed), runOf(measurements, before)));
  }
  return Object.fromEntries(
    [...models].map(([name, runs]) => [name, Object.fromEntries(runs)]),
  );
}

function runOf(
  { objective, batch, layers }: Measurements,
  before: BaselineRun | undefined,
): BaselineRun {
  return {
    objective: objective.name,
    examples: batch.examples,
    layers: Object.fromEntries(layers.map((layer) => [
      layer.name,
      layerOf(
        layer,
        before !== undefined && Object.hasOwn(before.layers, layer.name)
          ? before.layers[layer.name]
          : {},
      ),
    ])),
  };
}

function layerOf(layer: Measurements["layers"][number], before: BaselineLayer): BaselineLayer {
  const stored: BaselineLayer = {};
  const put = (key: "activations" | "deltas" | "saturated" | "dead", value?: number | null) => {
    if (value !== undefined && value !== null) stored[key] = settle(value, before[key]);
  };
  put("activations", layer.activations?.std);
  put("deltas", layer.preActivationGradients?.rms);
  put("saturated", layer.saturatedFraction);
  put("dead", layer.deadFraction);
  if (layer.weights.length > 0) {
    stored.weights = Object.fromEntries(layer.weights.map(({ name, values, gradients }) => {
      const [oldValues, oldGradients] = before.weights && Object.hasOwn(before.weights, name)
        ? before.weights[name]
        : [];
      const rms = settle(values.rms, oldValues);
      return [name, gradients === null ? [rms] : [rms, settle(gradients.rms, oldGradients)]];
    }));
  }
  return stored;
}

function settle(value: number, before: number | undefined): number {
  const isSame = before !== undefined && Math.abs(value - before) <= SAME * Math.abs(before);
  return isSame || Object.is(value, before) ? before! : roundTo(DIGITS, value);
}
