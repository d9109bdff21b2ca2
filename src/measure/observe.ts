import type { Heap } from "../engine/heap.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import type { AcrossParts } from "./across_parts.ts";
import { deviationsBetween } from "./between_examples.ts";
import { withExponents } from "./exponents.ts";
import type { Origin } from "./flow.ts";
import type { Figure, LayerRecord } from "./layer_record.ts";
import type { Observer } from "./tap.ts";
import type { TensorSums } from "./tensor_sums.ts";

/** What the observers of a pass share. */
export interface Sweep {
  readonly heap: Heap;
  /** The sums over what they see. */
  readonly sums: TensorSums;
  /** How many examples the batch has. */
  readonly examples: number;
  /** Puts a batch together that is taken in parts; `null` for one in one go. */
  readonly across: AcrossParts | null;
  /** Whether the exponents of the entries are counted. */
  readonly histograms: boolean;
  /** Whether a layer of the model may attend to places of a sequence. */
  readonly attends: boolean;
}

/** What a call of a layer was handed. */
export interface LayerCall {
  /** Its first input. */
  input: Tensor;
  /** The mask that came with it. */
  mask?: Tensor;
  /** Where its inputs came from. */
  from: Origin;
}

/**
 * Counts, for one tensor of pre-activations, the saturated entries of the activation, and marks the
 * units that are active somewhere, or NaN: that is neither saturated nor dead, but reported as non-finite.
 *
 * @param heap The engine's heap.
 * @param record The layer's record; its counts are raised.
 * @param z The pre-activations, examples first.
 * @param unitAxis Axis that tells units apart: the last one, or 1 where channels come first.
 */
export function countFlat(
  heap: Heap,
  record: LayerRecord,
  z: Tensor,
  unitAxis: number,
): void {
  const { region } = record;
  if (region === null || z.dtype !== "float32") return;
  const { shape } = z;
  const units = shape[unitAxis] ?? 1;
  let groups = 1, inner = 1;
  for (let axis = 0; axis < unitAxis; axis++) groups *= shape[axis];
  for (let axis = unitAxis + 1; axis < shape.length; axis++) inner *= shape[axis];
  const address = heap.address(z);
  // Where nothing is flat above, +Infinity is no more off than any other number.
  const bounds = { low: region.low, high: region.high === Infinity ? NaN : region.high };
  const { low, high, nan, active } = heap.native.flat(
    address,
    { groups, units, inner },
    bounds,
  );
  record.activeUnits ??= new Uint8Array(units);
  for (let unit = 0; unit < units; unit++) if (active[unit] !== 0) record.activeUnits[unit] = 1;
  // A relu6 that is off is not saturated: it is judged with the dead units.
  record.saturatedEntries += region.oneSided ? high : low + high;
  record.judgedEntries += z.size - nan;
}

/**
 * An observer that adds what it sees to figures.
 *
 * @param sweep What all observers share.
 * @param figures The figures, each with the record it belongs to.
 */
export function observe(sweep: Sweep, ...figures: [LayerRecord, Figure][]): Observer {
  const { heap, examples, across, histograms } = sweep;
  return (tensor) => {
    const sums = withExponents(heap, tensor, sweep.sums.of(tensor), histograms);
    for (const [record, figure] of figures) {
      record.add(figure, sums);
      if (figure !== "activations" || examples < 2) continue;
      if (across !== null) across.see(record, tensor, sums);
      else record.deviations += deviationsBetween(heap, tensor, examples, sums);
    }
  };
}

/**
 * An observer of z, which also counts its flat entries and active units.
 *
 * @param sweep What all observers share.
 * @param unitAxis Axis that tells units apart, negative from the end.
 * @param record The record whose activation is applied to z.
 * @param others Records that z belongs to besides.
 */
export function observePreActivations(
  sweep: Sweep,
  unitAxis: number,
  record: LayerRecord,
  ...others: LayerRecord[]
): Observer {
  const add = observe(
    sweep,
    ...[record, ...others].map((row): [LayerRecord, Figure] => [row, "preActivations"]),
  );
  return (tensor: Tensor) => {
    add(tensor);
    record.see(tensor.shape);
    const axis = unitAxis < 0 ? tensor.shape.length + unitAxis : unitAxis;
    countFlat(sweep.heap, record, tensor, axis);
  };
}
