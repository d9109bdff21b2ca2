import type { LayersModel } from "../engine/tensorflow.ts";
import { formatCount } from "../words/numbers.ts";
import { type Overview, withOverview } from "../words/overview.ts";
import { modelWeights } from "./model_weights.ts";
import { requireModel } from "./require_model.ts";
import { isKernel } from "../theory/weight_kinds.ts";

/** One weight, read off the engine. */
export interface WeightValue {
  /** Path of the layer that owns it. */
  layer: string;
  /** Name, unique in the model: `"dense_1/kernel"`. */
  name: string;
  /** Shape. */
  shape: number[];
  /** A copy of the entries, row-major. */
  values: Float32Array;
}

/**
 * All weights of a model, by name; copies, so that they stay what they are when the model changes.
 *
 * @param model A built model.
 * @returns The weights in the model's order, frozen ones and moving statistics among them.
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
  // A weight may have any name, "__proto__" too.
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
