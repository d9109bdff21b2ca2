/** Returns the start of part `part` of `total` items, cut at multiples of `unit`. */
// @ts-ignore: decorator
@inline
export function share(total: i32, unit: i32, part: i32, parts: i32): i32 {
  const units = (total + unit - 1) / unit;
  return min(total, <i32> (<i64> units * part / parts) * unit);
}
