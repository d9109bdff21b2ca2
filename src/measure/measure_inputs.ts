import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { InputMeasurements, Measurements } from "./measurements.ts";
import type { Sums } from "../engine/native/sums.ts";
import { mergeSums } from "./merge_sums.ts";
import { statisticsOf } from "./statistics_of.ts";
import { sumTensor } from "./sum_tensor.ts";
import { inputRanges } from "../model/input_ranges.ts";
import { inputName } from "./tensor_names.ts";

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
