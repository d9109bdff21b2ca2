/** Returns the first tap of a window inside the image, which begins `from` entries on. */
// @ts-ignore: decorator
@inline
export function firstTap(from: i32, dilation: i32): i32 {
  return from < 0 ? (dilation - 1 - from) / dilation : 0;
}

/**
 * Returns the end of the taps of a window that are before the end of the image, `left` entries on.
 */
// @ts-ignore: decorator
@inline
export function endTap(left: i32, dilation: i32, window: i32): i32 {
  return left <= 0 ? 0 : min(window, (left + dilation - 1) / dilation);
}

/** Returns four entries at `at`, or one on every lane. */
// @ts-ignore: decorator
@inline
export function entries(at: usize, isVector: bool): v128 {
  return isVector ? v128.load(at) : v128.load32_splat(at);
}
