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

/**
 * Returns a * b + c on four lanes: fused (rounded once) in the relaxed build, rounded twice in the
 * other.
 */
// @ts-ignore: decorator
@inline
export function madd(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f32x4.relaxed_madd(a, b, c);
  return f32x4.add(f32x4.mul(a, b), c);
}

/** Returns the same on two lanes of float64. */
// @ts-ignore: decorator
@inline
export function madd64(a: v128, b: v128, c: v128): v128 {
  if (ASC_FEATURE_RELAXED_SIMD) return f64x2.relaxed_madd(a, b, c);
  return f64x2.add(f64x2.mul(a, b), c);
}

/** Returns two float32 at `at` as float64. */
// @ts-ignore: decorator
@inline
export function wide(at: usize): v128 {
  return f64x2.promote_low_f32x4(v128.load64_zero(at));
}

/** Returns the lower two of four lanes as float64. */
// @ts-ignore: decorator
@inline
export function low(x: v128): v128 {
  return f64x2.promote_low_f32x4(x);
}

/** Returns the upper two. */
// @ts-ignore: decorator
@inline
export function high(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f64>(x, x, 1, 1));
}

/** Returns the sum of two lanes of float64. */
// @ts-ignore: decorator
@inline
export function total(x: v128): f64 {
  return f64x2.extract_lane(x, 0) + f64x2.extract_lane(x, 1);
}
