import type { Heap } from "../engine/heap.ts";
import { heapView } from "../engine/heap_view.ts";
import type { Sums } from "../engine/native/sums.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import type { LayerVariable, ModelWeight } from "../model/model_weights.ts";
import { duplicateUnits } from "./duplicate_units.ts";
import { withExponents } from "./exponents.ts";
import type { WeightMeasurements } from "./measurements.ts";
import { mergeSums, statisticsOf, sumTensor } from "./sums.ts";
import type { TensorStatistics } from "./tensor_statistics.ts";
import type { TensorSums } from "./tensor_sums.ts";

/** Statistics of the gradient of a weight. */
export interface WeightGradient {
  /** Statistics over all entries. */
  all: TensorStatistics;
  /** Statistics over the rows of an embedding matrix that the batch looked up. */
  usedRows: TensorStatistics | null;
}

/**
 * Sums up the gradient of a weight.
 *
 * @param heap The engine's heap.
 * @param gradient The gradient.
 * @param usedRows Rows of an embedding matrix that the batch looked up.
 * @param histograms True to count exponents.
 */
export function weightGradient(
  heap: Heap,
  gradient: Tensor,
  usedRows: Set<number> | null,
  histograms: boolean,
): WeightGradient {
  return {
    all: statisticsOf(withExponents(heap, gradient, sumTensor(heap, gradient), histograms))!,
    usedRows: usedRows === null || gradient.rank !== 2 ? null : overRows(heap, gradient, usedRows),
  };
}

function overRows(heap: Heap, gradient: Tensor, used: Set<number>): TensorStatistics | null {
  const [rows, columns] = gradient.shape;
  let sums: Sums | null = null;
  for (const { first, count } of runsOf([...used].filter((row) => row >= 0 && row < rows))) {
    sums = mergeSums(sums, sumTensor(heap, gradient, first * columns, count * columns));
  }
  return statisticsOf(sums);
}

/**
 * Groups consecutive numbers into runs: of a thousand rows most have a neighbour, and a sweep is
 * one call.
 */
function runsOf(numbers: number[]): { first: number; count: number }[] {
  const runs: { first: number; count: number }[] = [];
  for (const number of numbers.sort((a, b) => a - b)) {
    const last = runs.at(-1);
    if (last !== undefined && last.first + last.count === number) last.count++;
    else runs.push({ first: number, count: 1 });
  }
  return runs;
}

/** The bias of a head is written out up to this many classes. */
const MAX_ENTRIES = 1000;

/**
 * Measures one weight.
 *
 * @param heap The engine's heap.
 * @param weight The weight.
 * @param gradient Statistics of dJ/dw, or `null` if the backward pass gave none.
 * @param sums Sums taken earlier in the pass.
 * @param isOutput True if the weight belongs to an output layer.
 */
export function measureWeight(
  heap: Heap,
  weight: ModelWeight,
  gradient: WeightGradient | null,
  sums: TensorSums,
  isOutput: boolean,
): WeightMeasurements {
  const { variable, trainable } = weight;
  const shape = variable.shape.map((size) => size ?? 0);
  const absent: Record<string, string> = {};
  if (!trainable) {
    absent.gradients = !weight.layer.trainable
      ? "the layer is frozen"
      : variable.trainable || isFrozenFromOutside(weight)
      ? "a model around the layer is frozen"
      : "the weight is not trained";
  } else if (gradient === null) {
    absent.gradients = "the weight is not on the objective's path";
  }
  const read = () => heapView(heap.tf, variable.read());
  const isShortVector = shape.length === 1 && shape[0] <= MAX_ENTRIES;
  return {
    name: weight.weightName,
    shape,
    trainable,
    values: statisticsOf(sums.of(variable.read()))!,
    gradients: gradient?.all ?? null,
    gradientsOfUsedRows: gradient?.usedRows ?? null,
    duplicateUnits: duplicateUnits(weight.layer, variable.originalName, shape, read),
    entries: isOutput && isShortVector ? Array.from(read()) : null,
    absent,
  };
}

/**
 * Returns true if a weight is frozen although its layer is trainable, as after freezing a model.
 * Weights that are never trained, such as moving statistics, are in a separate list.
 */
function isFrozenFromOutside({ layer, variable }: ModelWeight): boolean {
  const { _nonTrainableWeights: never = [] } = layer as unknown as {
    _nonTrainableWeights?: readonly LayerVariable[];
  };
  return layer.trainableWeights.length === 0 && !never.includes(variable);
}
