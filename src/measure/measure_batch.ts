import { heapView } from "../engine/heap_view.ts";
import type { Sums } from "../engine/native/sums.ts";
import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { inputRanges } from "../model/input_ranges.ts";
import type { InputMeasurements, Measurements, TargetMeasurements } from "./measurements.ts";
import { mergeSums, statisticsOf, sumTensor } from "./sums.ts";
import { inputName, outputName } from "./tensor_names.ts";

/** Measures the inputs of a batch: each by itself, and all of them together. */
export function measureInputs(
  tf: TensorFlow,
  model: LayersModel,
  inputs: Tensor[],
): Pick<Measurements["batch"], "inputs" | "perInput"> {
  const ranges = inputRanges(model);
  let all: Sums | null = null;
  const perInput = inputs.map((tensor, i): InputMeasurements => {
    const sums = sumTensor(tf, tensor);
    all = mergeSums(all, sums);
    return {
      name: inputName(model, i),
      shape: tensor.shape.slice(),
      dtype: tensor.dtype,
      ...(ranges[i] === null ? {} : { lookedUp: true }),
      values: statisticsOf(sums)!,
    };
  });
  return { inputs: statisticsOf(all)!, perInput };
}

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
