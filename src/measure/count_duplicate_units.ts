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
  const first = new Float32Array(units);
  for (let unit = 0; unit < units; unit++) first[unit] = values[at(unit, 0)];
  first.sort();
  if (!first.some((value, i) => value === first[i + 1])) return 0;
  const hashes = hashUnits(values, units, at, fanIn);
  const seen = new Map<number, number[]>();
  let duplicates = 0;
  for (let unit = 0; unit < units; unit++) {
    const hash = hashes[unit];
    // NaN equals nothing.
    if (hash === null) continue;
    const others = seen.get(hash);
    const isDuplicate = others?.some((other) => {
      for (let n = 0; n < fanIn; n++) {
        if (values[at(unit, n)] !== values[at(other, n)]) return false;
      }
      return true;
    });
    if (isDuplicate) duplicates++;
    else if (others !== undefined) others.push(unit);
    else seen.set(hash, [unit]);
  }
  return duplicates;
}

/**
 * A hash of all incoming weights of each unit, `null` where one is NaN: units of a pruned kernel may
 * be equal for long, and to compare each with each takes forever.
 */
function hashUnits(
  values: ArrayLike<number>,
  units: number,
  at: (unit: number, n: number) => number,
  fanIn: number,
): (number | null)[] {
  const float = new Float32Array(1);
  const bits = new Int32Array(float.buffer);
  const hashes = new Int32Array(units);
  const broken = new Uint8Array(units);
  // Weights outside, units inside: that is how most kernels lie in memory.
  for (let n = 0; n < fanIn; n++) {
    for (let unit = 0; unit < units; unit++) {
      const value = values[at(unit, n)];
      if (Number.isNaN(value)) broken[unit] = 1;
      // -0 equals 0.
      float[0] = value + 0;
      const mixed = Math.imul(hashes[unit] ^ bits[0], 0x9e3779b1);
      hashes[unit] = mixed ^ (mixed >>> 15);
    }
  }
  return Array.from(hashes, (hash, unit) => broken[unit] === 1 ? null : hash);
}
