import { runningNative } from "../engine/native/running_native.ts";
import type { WasmBackend } from "../engine/native/wasm_backend.ts";
import type { Tensor, TensorFlow } from "../engine/tensorflow.ts";
import type { LayerRecord } from "./layer_record.ts";

/**
 * Counts, for one tensor of pre-activations, the saturated entries of the activation, and marks the
 * units that are active somewhere. NaN is neither: it is reported as not finite instead.
 *
 * @param tf The engine's TensorFlow.js.
 * @param record The layer's record; its counts are raised.
 * @param z The pre-activations, examples first.
 * @param unitAxis Axis that tells units apart: the last one, or 1 where channels come first.
 */
export function countFlat(
  tf: TensorFlow,
  record: LayerRecord,
  z: Tensor,
  unitAxis: number,
): void {
  const { region } = record;
  const native = runningNative();
  if (region === null || native === null || z.dtype !== "float32") return;
  const { shape } = z;
  const units = shape[unitAxis] ?? 1;
  let groups = 1, inner = 1;
  for (let axis = 0; axis < unitAxis; axis++) groups *= shape[axis];
  for (let axis = unitAxis + 1; axis < shape.length; axis++) inner *= shape[axis];
  const { memoryOffset } = (tf.backend() as unknown as WasmBackend).dataIdMap.get(z.dataId);
  // Where nothing is flat above, +Infinity is no more off than any other number.
  const bounds = { low: region.low, high: region.high === Infinity ? NaN : region.high };
  const { low, high, nan, active } = native.flat(memoryOffset, { groups, units, inner }, bounds);
  record.activeUnits ??= new Uint8Array(units);
  for (let unit = 0; unit < units; unit++) if (active[unit] !== 0) record.activeUnits[unit] = 1;
  // A relu6 that is off is not saturated: it is judged with the dead units.
  record.saturatedEntries += region.oneSided ? high : low + high;
  record.judgedEntries += z.size - nan;
}
