import type { LayerRecord } from "./layer_record.ts";

/**
 * Counts, for one tensor of pre-activations, the saturated entries of the activation, and
 * marks the units that are active somewhere. NaN is neither: it is reported as not finite instead.
 *
 * @param record The layer's record; its counts are raised.
 * @param values z, row-major.
 * @param shape Shape of z, examples first.
 * @param unitAxis Axis that tells units apart: the last one, or 1 where channels come first.
 */
export function countFlat(
  record: LayerRecord,
  values: ArrayLike<number>,
  shape: number[],
  unitAxis: number,
): void {
  const region = record.region;
  if (region === null) return;
  const units = shape[unitAxis] ?? 1;
  const inner = shape.slice(unitAxis + 1).reduce((product, size) => product * size, 1);
  record.activeUnits ??= new Uint8Array(units);
  const active = record.activeUnits;
  const { low, oneSided } = region;
  // Where nothing is flat above, +Infinity is no more off than any other number.
  const high = region.high === Infinity ? NaN : region.high;
  let saturated = 0, judged = 0, unit = 0, within = 0;
  for (let i = 0; i < values.length; i++) {
    const z = values[i];
    if (z <= low || z >= high) {
      // A relu6 that is off is not saturated: it is judged with the dead units.
      if (!oneSided || z >= high) saturated++;
      judged++;
    } else if (z === z) {
      judged++;
      active[unit] = 1;
    }
    if (++within === inner) {
      within = 0;
      if (++unit === units) unit = 0;
    }
  }
  record.saturatedEntries += saturated;
  record.judgedEntries += judged;
}
