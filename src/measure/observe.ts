import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";
import { countFlat } from "./count_flat.ts";
import type { Figure, LayerRecord } from "./layer_record.ts";
import { sumTensor } from "./sum_tensor.ts";
import type { Observer } from "./watched_gradients.ts";

/**
 * An observer that adds what it sees to figures.
 *
 * @param tf The engine's TensorFlow.js.
 * @param figures The figures, each with the record it belongs to.
 */
export function observe(tf: TensorFlow, ...figures: [LayerRecord, Figure][]): Observer {
  return (tensor) => {
    const sums = sumTensor(tf, tensor);
    for (const [record, figure] of figures) record.add(figure, sums);
  };
}

/**
 * An observer of z, which also counts its flat entries and active units.
 *
 * @param tf The engine's TensorFlow.js.
 * @param unitAxis Axis that tells units apart, negative from the end.
 * @param record The record whose activation is applied to z.
 * @param others Records that z belongs to besides.
 */
export function observePreActivations(
  tf: TensorFlow,
  unitAxis: number,
  record: LayerRecord,
  ...others: LayerRecord[]
): Observer {
  const add = observe(
    tf,
    ...[record, ...others].map((row): [LayerRecord, Figure] => [row, "preActivations"]),
  );
  return (tensor: Tensor) => {
    add(tensor);
    record.see(tensor.shape);
    const axis = unitAxis < 0 ? tensor.shape.length + unitAxis : unitAxis;
    countFlat(tf, record, tensor, axis);
  };
}
