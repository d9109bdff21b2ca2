/** Options of a product: bits of its `flags`. */

/** Add to C rather than replace it. */
export const ADD: i32 = 1;
/** Clip at 0 from below; NaN stays NaN. */
export const RELU: i32 = 2;
/** Pack the operands even if `dot` could do without. */
export const PACK: i32 = 4;
/** Compute a convolution directly, not in tiles. */
export const DIRECT: i32 = 8;
/** Set by a convolution in tiles whose result is not finite: it has to be computed directly. */
export const FLAWED: i32 = 16;

/**
 * Returns the `flags` of a block of the shared dimension: it adds to the one before, and relu comes
 * with the last.
 */
// @ts-ignore: decorator
@inline
export function flagsOfBlock(flags: i32, isFirst: bool, isLast: bool): i32 {
  return (isFirst ? flags & ADD : ADD) | (isLast ? flags & RELU : 0);
}

/** Writes two vectors of a row of C from their sums. */
// @ts-ignore: decorator
@inline
export function finish(c: usize, x: v128, y: v128, bias: usize, flags: i32): void {
  if (flags & ADD) {
    x = f32x4.add(v128.load(c), x);
    y = f32x4.add(v128.load(c, 16), y);
  }
  if (bias) {
    x = f32x4.add(x, v128.load(bias));
    y = f32x4.add(y, v128.load(bias, 16));
  }
  if (flags & RELU) {
    const zero = f32x4.splat(0);
    // "pmax" takes the first operand unless it is smaller: NaN compares as not smaller.
    x = f32x4.pmax(x, zero);
    y = f32x4.pmax(y, zero);
  }
  v128.store(c, x);
  v128.store(c, y, 16);
}
