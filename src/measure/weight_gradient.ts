import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { Sums } from "../engine/native/sums.ts";
import { mergeSums } from "./merge_sums.ts";
import { statisticsOf } from "./statistics_of.ts";
import { sumTensor } from "./sum_tensor.ts";
import type { TensorStatistics } from "./tensor_statistics.ts";

/** What is kept of the gradient of a weight. */
export interface WeightGradient {
  /** Over all of it. */
  all: TensorStatistics;
  /** For an embedding matrix, over the rows that the batch looked up. */
  usedRows: TensorStatistics | null;
}

/**
 * Sums up the gradient of a weight.
 *
 * @param tf The engine's TensorFlow.js.
 * @param gradient The gradient.
 * @param usedRows For an embedding matrix, the rows that the batch looked up.
 */
export function weightGradient(
  tf: TensorFlow,
  gradient: Tensor,
  usedRows: Set<number> | null,
): WeightGradient {
  return {
    all: statisticsOf(sumTensor(tf, gradient))!,
    usedRows: usedRows === null || gradient.rank !== 2 ? null : overRows(tf, gradient, usedRows),
  };
}

function overRows(tf: TensorFlow, gradient: Tensor, used: Set<number>): TensorStatistics | null {
  const [rows, columns] = gradient.shape;
  let sums: Sums | null = null;
  for (const row of used) {
    if (row < 0 || row >= rows) continue;
    sums = mergeSums(sums, sumTensor(tf, gradient, row * columns, columns));
  }
  return statisticsOf(sums);
}
