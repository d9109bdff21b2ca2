import { type Heap, heapView } from "../engine/heap/heap.ts";
import type { Sums } from "../engine/native/sums.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import type { LayerVariable, ModelWeight } from "../model/weights/model_weights.ts";
import { duplicateUnits } from "./duplicate_units.ts";
import type { TensorStatistics, WeightMeasurements } from "./measurements.ts";
import {
  mergeSums,
  statisticsOf,
  sumTensor,
  type TensorSums,
  withBins,
  withHistograms,
} from "./sums.ts";

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
 * @param options `usedRows`: rows of an embedding matrix that the batch looked up; `histograms`: true
 * to count exponents.
 */
export function weightGradient(
  heap: Heap,
  gradient: Tensor,
  { usedRows, histograms }: { usedRows: Set<number> | null; histograms: boolean },
): WeightGradient {
  const sums = sumTensor(heap, gradient);
  return {
    all: statisticsOf(histograms ? withHistograms(heap, gradient, sums) : sums)!,
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
export const MAX_ENTRIES = 1000;

/**
 * Measures one weight.
 *
 * @param heap The engine's heap.
 * @param known `gradient`: statistics of dJ/dw, or `null` if the backward pass gave none; `sums`: sums
 * taken earlier in the pass; `isOutput`: true if the weight belongs to an output layer; `histograms`:
 * true to count its values.
 */
export function measureWeight(
  heap: Heap,
  weight: ModelWeight,
  { gradient, sums, isOutput, histograms }: {
    gradient: WeightGradient | null;
    sums: TensorSums;
    isOutput: boolean;
    histograms: boolean;
  },
): WeightMeasurements {
  const { variable, trainable } = weight;
  const shape = variable.shape.map((size) => size ?? 0);
  const absent: Record<string, string> = {};
  if (!trainable) {
    absent.gradients = whyUntrained(weight);
  } else if (gradient === null) {
    absent.gradients = "the weight is not on the objective's path";
  }
  const values = sums.of(variable.read());
  const read = () => heapView(heap.tf, variable.read());
  const isShortVector = shape.length === 1 && shape[0] <= MAX_ENTRIES;
  return {
    name: weight.weightName,
    shape,
    trainable,
    values: statisticsOf(histograms ? withBins(heap, variable.read(), values) : values)!,
    gradients: gradient?.all ?? null,
    gradientsOfUsedRows: gradient?.usedRows ?? null,
    duplicateUnits: duplicateUnits(weight.layer, variable.originalName, shape, read),
    entries: isOutput && isShortVector ? Array.from(read()) : null,
    absent,
  };
}

/** Returns the reason why a weight is not trained. */
function whyUntrained(weight: ModelWeight): string {
  if (!weight.layer.trainable) return "the layer is frozen";
  return weight.variable.trainable || isFrozenFromOutside(weight)
    ? "a model around the layer is frozen"
    : "the weight is not trained";
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
