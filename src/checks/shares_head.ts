import type { LayerMeasurements } from "../measure/measurements.ts";

/** Whether two layers lie on the way of one head, so that a signal may pass through both. */
export function sharesHead(a: LayerMeasurements, b: LayerMeasurements): boolean {
  if (a.heads === undefined || b.heads === undefined) return true;
  return a.heads.some((head) => b.heads!.includes(head));
}
