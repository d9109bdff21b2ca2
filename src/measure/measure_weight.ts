import { heapView } from "../engine/heap_view.ts";
import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { ModelWeight } from "../model/model_weights.ts";
import { duplicateUnits } from "./duplicate_units.ts";
import type { WeightMeasurements } from "./measurements.ts";
import { StatisticsAccumulator } from "./statistics_accumulator.ts";
import { sumTensor } from "./sum_tensor.ts";
import type { Sums } from "../engine/native/sums.ts";
import type { WeightSums } from "./weight_sums.ts";
import type { TensorStatistics } from "./tensor_statistics.ts";

/** The bias of a head is written out up to this many classes. */
const MOST_ENTRIES = 1000;

/**
 * Measures one weight and its gradient.
 *
 * @param tf The engine's TensorFlow.js.
 * @param weight The weight.
 * @param gradient dJ/dw, or `null` where the backward pass gave none.
 * @param sums What was summed up during the pass already.
 * @param usedRows For an embedding matrix, the rows that the batch looked up.
 * @param isOutput Whether the weight belongs to an output layer.
 */
export function measureWeight(
  tf: TensorFlow,
  weight: ModelWeight,
  gradient: Tensor | null,
  sums: WeightSums,
  usedRows: Set<number> | null,
  isOutput: boolean,
): WeightMeasurements {
  const { variable, trainable } = weight;
  const shape = variable.shape.map((size) => size ?? 0);
  const absent: Record<string, string> = {};
  if (!trainable) {
    absent.gradients = weight.layer.trainable && variable.trainable
      ? "a model around the layer is frozen"
      : weight.layer.trainable
      ? "the weight is not trained"
      : "the layer is frozen";
  } else if (gradient === null) {
    absent.gradients = "the weight is not on the objective's path";
  }
  const read = () => heapView(tf, variable.read());
  const isShortVector = shape.length === 1 && shape[0] <= MOST_ENTRIES;
  return {
    name: weight.weightName,
    shape,
    trainable,
    values: statisticsOf(sums.ofValues(variable))!,
    gradients: gradient === null ? null : statisticsOf(sums.ofGradient(variable, gradient)),
    gradientsOfUsedRows: gradient === null || usedRows === null || shape.length !== 2
      ? null
      : statisticsOfRows(tf, gradient, usedRows),
    duplicateUnits: duplicateUnits(weight.layer, variable.originalName, shape, read()),
    entries: isOutput && isShortVector ? Array.from(read()) : null,
    absent,
  };
}

/** Statistics of one tensor. */
function statisticsOf(sums: Sums): TensorStatistics | null {
  const accumulator = new StatisticsAccumulator();
  accumulator.add(sums);
  return accumulator.result();
}

function statisticsOfRows(
  tf: TensorFlow,
  gradient: Tensor,
  used: Set<number>,
): TensorStatistics | null {
  const [rows, columns] = gradient.shape;
  const accumulator = new StatisticsAccumulator();
  for (const row of used) {
    if (row < 0 || row >= rows) continue;
    accumulator.add(sumTensor(tf, gradient, row * columns, columns));
  }
  return accumulator.result();
}
