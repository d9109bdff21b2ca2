import { countFlat } from "./count_flat.ts";
import type { Figure, LayerRecord } from "./layer_record.ts";
import { sumTensor } from "./sum_tensor.ts";
import type { Observer } from "./tap.ts";

/**
 * An observer that adds what it sees to a figure.
 *
 * @param figure The figure.
 * @param records Every record that the tensor belongs to.
 */
export function observe(figure: Figure, ...records: LayerRecord[]): Observer {
  return (values) => {
    const sums = sumTensor(values);
    for (const record of records) record.add(figure, sums);
  };
}

/**
 * An observer of z, which also counts its flat entries and active units.
 *
 * @param unitAxis Axis that tells units apart, negative from the end.
 * @param record The record whose activation is applied to z.
 * @param others Records that z belongs to besides.
 */
export function observePreActivations(
  unitAxis: number,
  record: LayerRecord,
  ...others: LayerRecord[]
): Observer {
  const add = observe("preActivations", record, ...others);
  return (values, shape) => {
    add(values, shape);
    record.see(shape);
    countFlat(record, values, shape, unitAxis < 0 ? shape.length + unitAxis : unitAxis);
  };
}
