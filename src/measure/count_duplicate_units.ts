/**
 * Counts the output units of a kernel that have exactly the incoming weights of an earlier unit:
 * such units compute the same and are trained the same, for ever.
 *
 * @param values The kernel, row-major.
 * @param units How many units there are.
 * @param at Where the n-th incoming weight of a unit stands.
 * @param fanIn How many incoming weights a unit has.
 * @returns How many units repeat an earlier one.
 */
export function countDuplicateUnits(
  values: ArrayLike<number>,
  units: number,
  at: (unit: number, n: number) => number,
  fanIn: number,
): number {
  // Units that differ do so in their first weights, and mostly in the very first.
  const first = Float32Array.from({ length: units }, (_, unit) => values[at(unit, 0)]).sort();
  if (!first.some((value, i) => value === first[i + 1])) return 0;
  const seen = new Map<number, number[]>();
  let duplicates = 0;
  for (let unit = 0; unit < units; unit++) {
    let key = 0;
    for (let n = 0; n < Math.min(fanIn, 3); n++) key = key / 3 + values[at(unit, n)];
    const others = seen.get(key) ?? [];
    const isDuplicate = others.some((other) => {
      for (let n = 0; n < fanIn; n++) {
        if (values[at(unit, n)] !== values[at(other, n)]) return false;
      }
      return true;
    });
    if (isDuplicate) duplicates++;
    else seen.set(key, [...others, unit]);
  }
  return duplicates;
}
