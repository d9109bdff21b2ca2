/** Reads four float32, or, if `whole` is false, the single one left at the end of a row. */
// @ts-ignore: decorator
@inline
export function get(at: usize, whole: bool): v128 {
  return whole ? v128.load(at) : v128.load32_zero(at);
}

/** Writes as many as `get` reads. */
// @ts-ignore: decorator
@inline
export function put(at: usize, value: v128, whole: bool): void {
  if (whole) v128.store(at, value);
  else v128.store32_lane(at, value, 0);
}

/** Writes it, unless there is no address. */
// @ts-ignore: decorator
@inline
export function show(at: usize, offset: usize, value: v128, whole: bool): void {
  if (at) put(at + offset, value, whole);
}
