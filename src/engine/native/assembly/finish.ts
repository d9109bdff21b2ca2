import { ADD, RELU } from "./flags";

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
