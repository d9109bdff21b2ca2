import { heapView } from "../engine/heap_view.ts";
import type { TensorFlow } from "../engine/tensorflow.ts";
import type { ModelWeight } from "../model/model_weights.ts";
import { duplicateUnits } from "./duplicate_units.ts";
import type { WeightMeasurements } from "./measurements.ts";
import { statisticsOf } from "./statistics_of.ts";
import type { WeightGradient } from "./weight_gradient.ts";
import type { WeightSums } from "./weight_sums.ts";

/** The bias of a head is written out up to this many classes. */
const MOST_ENTRIES = 1000;

/**
 * Measures one weight.
 *
 * @param tf The engine's TensorFlow.js.
 * @param weight The weight.
 * @param gradient What was seen of dJ/dw, or `null` where the backward pass gave none.
 * @param sums What was summed up during the pass already.
 * @param isOutput Whether the weight belongs to an output layer.
 */
export function measureWeight(
  tf: TensorFlow,
  weight: ModelWeight,
  gradient: WeightGradient | null,
  sums: WeightSums,
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
    values: statisticsOf(sums.of(variable))!,
    gradients: gradient?.all ?? null,
    gradientsOfUsedRows: gradient?.usedRows ?? null,
    duplicateUnits: duplicateUnits(weight.layer, variable.originalName, shape, read),
    entries: isOutput && isShortVector ? Array.from(read()) : null,
    absent,
  };
}
