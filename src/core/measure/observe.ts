import { type Heap, heapView } from "../../engine/heap/heap.ts";
import type { Sums } from "../../engine/native/sums.ts";
import type { Tensor } from "../../engine/tensorflow.ts";
import type { AcrossParts } from "./across_parts.ts";
import type { Origin } from "./flow.ts";
import type { Figure, LayerRecord } from "./layer_record.ts";
import type { FeatureMeasurements } from "./measurements.ts";
import { type TensorSums, withHistograms } from "./sums.ts";
import type { Observer } from "./tap.ts";

/**
 * Sums in float64 the squared deviations of the entries of an example from their means over the
 * batch.
 *
 * @param heap The engine's heap.
 * @param sums Sums over the tensor.
 * @returns NaN if the tensor does not have that many examples on its first axis, or an entry is not
 * finite.
 */
export function deviationsBetween(
  heap: Heap,
  tensor: Tensor,
  examples: number,
  sums: Sums,
): number {
  if (tensor.shape[0] !== examples || sums.finite < sums.count) return NaN;
  if (sums.count === 0) return 0;
  const width = tensor.size / examples;
  if (tensor.dtype === "float32") {
    return heap.native.columnDeviations(heap.address(tensor), examples, width, sums.sumSquares);
  }
  let sum = 0;
  eachColumn(heap, tensor, width, (_, deviations) => sum += deviations);
  return sum;
}

/**
 * Returns the share of the second moment that tells the examples of a tensor apart, or `null` if
 * undefined.
 */
export function spreadOf(heap: Heap, tensor: Tensor, examples: number, sums: Sums): number | null {
  const spread = deviationsBetween(heap, tensor, examples, sums) / sums.sumSquares;
  return examples < 2 || Number.isNaN(spread) ? null : spread;
}

/** Measures the features of a tensor; `null` if each has fewer than two entries. */
export function measureFeatures(heap: Heap, tensor: Tensor): FeatureMeasurements | null {
  const count = tensor.rank < 2 ? 1 : tensor.shape.at(-1)!;
  const entries = tensor.size / count;
  // 0 / 0 for a tensor without entries.
  if (!(entries >= 2)) return null;
  let constant = 0, largestOffset = 0, largestStd = 0, smallestStd = Infinity;
  eachColumn(heap, tensor, count, (mean, deviations) => {
    if (deviations === 0) constant++;
    if (!(deviations > 0)) return;
    const std = Math.sqrt(deviations / entries);
    largestOffset = Math.max(largestOffset, Math.abs(mean) / std);
    largestStd = Math.max(largestStd, std);
    smallestStd = Math.min(smallestStd, std);
  });
  return largestStd === 0
    ? { count, constant, largestOffset: null, largestStd: null, smallestStd: null }
    : { count, constant, largestOffset, largestStd, smallestStd };
}

/**
 * Passes each column's mean and squared deviations to the callback, NaN for a column that is not
 * finite; SIMD for floats, JavaScript for other types.
 */
function eachColumn(
  heap: Heap,
  tensor: Tensor,
  width: number,
  see: (mean: number, squaredDeviations: number) => void,
): void {
  const rows = tensor.size / width;
  if (tensor.dtype === "float32") {
    return heap.native.eachColumn(heap.address(tensor), rows, width, see);
  }
  const values = heapView(heap.tf, tensor);
  for (let column = 0; column < width; column++) {
    let sum = 0, squares = 0;
    for (let at = column; at < values.length; at += width) {
      const deviation = values[at] - values[column];
      sum += deviation;
      squares += deviation * deviation;
    }
    see(values[column] + sum / rows, Math.max(0, squares - sum * (sum / rows)));
  }
}

/** State that the observers of a pass share. */
export interface Sweep {
  readonly heap: Heap;
  /** Sums over the tensors that they see. */
  readonly sums: TensorSums;
  /** Number of examples in the batch. */
  readonly examples: number;
  /** Merges the parts of a batch; `null` for a batch in one go. */
  readonly across: AcrossParts | null;
  /** True to count the exponents of the entries. */
  readonly histograms: boolean;
  /** True if a layer of the model may attend to places of a sequence. */
  readonly attends: boolean;
}

/** Arguments of a layer's call. */
export interface LayerCall {
  /** All tensors that it reads. */
  inputs: readonly Tensor[];
  /** First of them. */
  input: Tensor;
  /** Mask passed with it. */
  mask?: Tensor;
  /** Origin of the inputs. */
  from: Origin;
}

/**
 * Counts, for one tensor of pre-activations, the saturated entries of the activation, and marks the
 * units that are active somewhere. NaN is neither saturated nor dead, but reported as non-finite.
 *
 * @param heap The engine's heap.
 * @param record The layer's record; its counts are raised.
 * @param z The pre-activations, examples first.
 * @param unitAxis Axis of the units: the last one, or 1 if channels come first.
 */
export function countFlat(heap: Heap, record: LayerRecord, z: Tensor, unitAxis: number): void {
  const { region } = record;
  if (region === null || z.dtype !== "float32") return;
  const { shape } = z;
  const units = shape[unitAxis] ?? 1;
  let groups = 1, inner = 1;
  for (let axis = 0; axis < unitAxis; axis++) groups *= shape[axis];
  for (let axis = unitAxis + 1; axis < shape.length; axis++) inner *= shape[axis];
  const address = heap.address(z);
  // If nothing is flat above, +Infinity is as active as any other number.
  const bounds = { low: region.low, high: region.high === Infinity ? NaN : region.high };
  const { low, high, nan, active } = heap.native.flat(address, { groups, units, inner }, bounds);
  record.activeUnits ??= new Uint8Array(units);
  for (let unit = 0; unit < units; unit++) if (active[unit] !== 0) record.activeUnits[unit] = 1;
  // A relu6 at 0 is not saturated: the dead units cover it.
  record.saturatedEntries += region.oneSided ? high : low + high;
  record.judgedEntries += z.size - nan;
}

/**
 * Makes an observer that adds tensors to figures.
 *
 * @param sweep State that all observers share.
 */
export function observe(sweep: Sweep, ...figures: [LayerRecord, Figure][]): Observer {
  const { heap, examples, across, histograms } = sweep;
  return (tensor) => {
    const known = sweep.sums.of(tensor);
    const sums = histograms ? withHistograms(heap, tensor, known) : known;
    for (const [record, figure] of figures) {
      record.add(figure, sums);
      if (figure !== "activations" || examples < 2) continue;
      if (across !== null) across.see(record, tensor, sums);
      else record.deviations += deviationsBetween(heap, tensor, examples, sums);
    }
  };
}

/**
 * Makes an observer of z, which also counts its flat entries and active units.
 *
 * @param sweep State that all observers share.
 * @param unitAxis Axis of the units, negative from the end.
 * @param record Record whose activation is applied to z.
 * @param others Other records that z belongs to.
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
