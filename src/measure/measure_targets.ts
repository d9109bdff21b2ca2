import { heapView } from "../engine/heap_view.ts";
import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { TargetMeasurements } from "./measurements.ts";
import { statisticsOf } from "./statistics_of.ts";
import { sumTensor } from "./sum_tensor.ts";
import { outputName } from "./tensor_names.ts";

/** Beyond so many classes, shares of the classes say little and cost much to write down. */
const MOST_UNITS = 1000;

/**
 * Measures the targets of a batch.
 *
 * @param objective Name of the objective: the targets of `sparseCategoricalCrossentropy` are classes.
 */
export function measureTargets(
  tf: TensorFlow,
  model: LayersModel,
  targets: Tensor[],
  objective: string,
): TargetMeasurements[] {
  return targets.map((tensor, i) => {
    const values = heapView(tf, tensor);
    const units = unitsOf(model, i, tensor);
    const sparse = objective === "sparseCategoricalCrossentropy";
    return {
      name: outputName(model, i),
      shape: tensor.shape.slice(),
      values: statisticsOf(sumTensor(tf, tensor))!,
      unitMeans: units > MOST_UNITS
        ? null
        : sparse
        ? classShares(values, units)
        : unitMeans(values, tensor.shape.at(-1) ?? 1),
    };
  });
}

function unitsOf(model: LayersModel, i: number, tensor: Tensor): number {
  return model.outputs[i]?.shape.at(-1) ?? tensor.shape.at(-1) ?? 1;
}

function unitMeans(values: ArrayLike<number>, units: number): number[] {
  const sums = new Array<number>(units).fill(0);
  for (let i = 0; i < values.length; i++) sums[i % units] += values[i];
  return sums.map((sum) => sum / (values.length / units));
}

function classShares(classes: ArrayLike<number>, units: number): number[] {
  const counts = new Array<number>(units).fill(0);
  for (let i = 0; i < classes.length; i++) {
    if (classes[i] >= 0 && classes[i] < units) counts[Math.trunc(classes[i])]++;
  }
  return counts.map((count) => count / classes.length);
}
