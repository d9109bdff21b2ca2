/** Figures that stand for no magnitude of their own: a mean of numbers that cancel is judged beside their rms. */
const BESIDE_RMS = new Set(["mean"]);

/** Fields about the run of a pass, not about its findings. */
const HOW = new Set(["microBatch", "sawParts"]);

/**
 * By how much two measurements differ at most: relative to the larger figure, a mean to the rms.
 *
 * @returns The difference, and where it is; Infinity where two things are not alike at all.
 */
export function largestDifference(
  a: unknown,
  b: unknown,
  place = "",
  rms = 0,
): { by: number; at: string } {
  if (typeof a === "number" && typeof b === "number") {
    if (Object.is(a, b)) return { by: 0, at: place };
    const scale = Math.max(Math.abs(a), Math.abs(b), rms);
    return { by: Math.abs(a - b) / scale, at: `${place}: ${a} and ${b}` };
  }
  if (typeof a !== "object" || typeof b !== "object" || a === null || b === null) {
    return { by: a === b ? 0 : Infinity, at: `${place}: ${a} and ${b}` };
  }
  const one = a as Record<string, unknown>;
  const other = b as Record<string, unknown>;
  const beside = typeof one.rms === "number" ? one.rms : 0;
  let worst = { by: 0, at: place };
  for (const key of new Set([...Object.keys(one), ...Object.keys(other)])) {
    if (HOW.has(key)) continue;
    const scale = BESIDE_RMS.has(key) ? beside : 0;
    const found = largestDifference(one[key], other[key], `${place}.${key}`, scale);
    if (!(found.by <= worst.by)) worst = found;
  }
  return worst;
}
