import type { LayersModel, Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { InputMeasurements, Measurements } from "./measurements.ts";
import { StatisticsAccumulator } from "./statistics_accumulator.ts";
import { sumTensor } from "./sum_tensor.ts";
import { inputName } from "./tensor_names.ts";

/** Measures the inputs of a batch: each by itself, and all of them together. */
export function measureInputs(
  tf: TensorFlow,
  model: LayersModel,
  inputs: Tensor[],
): Pick<Measurements["batch"], "inputs" | "perInput"> {
  const all = new StatisticsAccumulator();
  const perInput = inputs.map((tensor, i): InputMeasurements => {
    const sums = sumTensor(tf, tensor);
    const own = new StatisticsAccumulator();
    own.add(sums);
    all.add(sums);
    return {
      name: inputName(model, i),
      shape: tensor.shape.slice(),
      dtype: tensor.dtype,
      values: own.result()!,
    };
  });
  return { inputs: all.result()!, perInput };
}
