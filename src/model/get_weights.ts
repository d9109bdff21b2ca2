import type { LayersModel } from "../engine/tensorflow.ts";
import { formatCount } from "../words/numbers.ts";
import { type Overview, withOverview } from "../words/overview.ts";
import { modelWeights } from "./model_weights.ts";
import { requireModel } from "./require_model.ts";
import { isKernel } from "../theory/weight_kinds.ts";

/** Weight, read off the engine. */
export interface WeightValue {
  /** Path of the layer that owns it. */
  layer: string;
  /** Name, unique in the model: `"dense_1/kernel"`. */
  name: string;
  /** Shape. */
  shape: number[];
  /** Copy of the entries, row-major. */
  values: Float32Array;
}

/**
 * Returns all weights of a model, by name. They are copies, so they do not change with the model.
 *
 * @param model A built model.
 * @returns The weights in the model's order, including frozen ones and moving statistics.
 *
 * @example The exercise's first step: read the weights
 * ```ts
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { exerciseModel, getWeights } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await startEngine();
 * const model = exerciseModel({ depth: 2 });
 * const weights = getWeights(model);
 * assertEquals(Object.keys(weights).slice(0, 2), ["dense_1/kernel", "dense_1/bias"]);
 * assertEquals(weights["dense_3/kernel"].shape, [20, 1]);
 * model.dispose();
 * ```
 */
export function getWeights(model: LayersModel): Record<string, WeightValue> {
  requireModel(model);
  // A weight may have any name, even "__proto__".
  const weights = Object.fromEntries(
    modelWeights(model).map(({ layerPath, weightName, variable }) => [weightName, {
      layer: layerPath,
      name: weightName,
      shape: [...variable.shape] as number[],
      values: Float32Array.from(variable.read().dataSync()),
    }]),
  );
  const given = () => ({
    title: "mean |w|",
    bars: Object.values(weights).filter(isKernel).map(({ name, values }) => ({
      label: name,
      value: meanAbs(values),
    })),
  });
  return withOverview(weights, overview, { of: "values", given });
}

function overview(weights: Record<string, WeightValue>): Overview {
  const all = Object.values(weights);
  const entries = all.reduce((sum, { values }) => sum + values.length, 0);
  return {
    title: `${formatCount(all.length, "weight")} with ${formatCount(entries, "entry", "entries")}`,
    columns: ["weight", "shape", "mean |w|", "largest |w|"],
    rows: all.map(({ name, shape, values }) => [
      ...[name, `[${shape.join(", ")}]`, meanAbs(values)],
      values.reduce((most, w) => Math.max(most, Math.abs(w)), 0),
    ]),
  };
}

const meanAbs = (values: Float32Array) =>
  values.reduce((sum, w) => sum + Math.abs(w), 0) / Math.max(1, values.length);
