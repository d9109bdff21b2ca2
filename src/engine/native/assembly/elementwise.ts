// @ts-ignore: decorator
@inline
function constant(x: f32): v128 {
  return f32x4.splat(x);
}

/** Computes dy (1 - y^2) of `count` float32: the gradient of y = tanh x. */
export function tanhGradient(y: usize, dy: usize, to: usize, count: i32): void {
  const end = y + (<usize> count << 2);
  const whole = y + ((<usize> count << 2) & ~15);
  for (; y < whole; y += 16, dy += 16, to += 16) {
    const value = v128.load(y);
    const slope = f32x4.sub(constant(1), f32x4.mul(value, value));
    v128.store(to, f32x4.mul(v128.load(dy), slope));
  }
  for (; y < end; y += 4, dy += 4, to += 4) {
    const value = load<f32>(y);
    store<f32>(to, load<f32>(dy) * (1 - value * value));
  }
}

/** Computes the gradient of clipping x: dy if x is in `low` .. `high`, else 0, NaN if x is NaN. */
export function clipGradient(
  x: usize,
  dy: usize,
  to: usize,
  count: i32,
  low: f32,
  high: f32,
): void {
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  const end = x + (<usize> count << 2);
  const whole = x + ((<usize> count << 2) & ~15);
  for (; x < whole; x += 16, dy += 16, to += 16) {
    const value = v128.load(x);
    const inside = v128.and(f32x4.ge(value, lows), f32x4.le(value, highs));
    const kept = v128.and(v128.load(dy), inside);
    v128.store(to, v128.bitselect(kept, value, f32x4.eq(value, value)));
  }
  for (; x < end; x += 4, dy += 4, to += 4) {
    const value = load<f32>(x);
    const kept: f32 = value >= low && value <= high ? load<f32>(dy) : 0;
    store<f32>(to, value == value ? kept : value);
  }
}

/** Computes x if it is not below 0, NaN if it is NaN. */
export function relu(from: usize, to: usize, count: i32): void {
  const zero = f32x4.splat(0);
  const end = from + (<usize> count << 2);
  const whole = from + ((<usize> count << 2) & ~15);
  // "pmax" takes its first operand unless it is smaller.
  for (; from < whole; from += 16, to += 16) v128.store(to, f32x4.pmax(v128.load(from), zero));
  for (; from < end; from += 4, to += 4) {
    const x = load<f32>(from);
    store<f32>(to, x < 0 ? 0 : x);
  }
}

/** Computes the gradient of `relu`: dy times 1 if x > 0, times NaN if x is NaN, else times 0. */
export function reluGradient(x: usize, dy: usize, to: usize, count: i32): void {
  const zero = f32x4.splat(0), one = f32x4.splat(1);
  const end = x + (<usize> count << 2);
  const whole = x + ((<usize> count << 2) & ~15);
  for (; x < whole; x += 16, dy += 16, to += 16) {
    const value = v128.load(x);
    const slope = v128.or(v128.and(f32x4.gt(value, zero), one), f32x4.ne(value, value));
    v128.store(to, f32x4.mul(v128.load(dy), slope));
  }
  for (; x < end; x += 4, dy += 4, to += 4) {
    const value = load<f32>(x);
    const slope: f32 = value > 0 ? 1 : value == value ? 0 : value;
    store<f32>(to, load<f32>(dy) * slope);
  }
}

/** Adds `row` to each of the `rows` rows of x, of `width` float32. */
export function addRow(x: usize, row: usize, to: usize, rows: i32, width: i32): void {
  const bytes = <usize> width << 2;
  const whole = bytes & ~15;
  for (let i = 0; i < rows; i++, x += bytes, to += bytes) {
    let at: usize = 0;
    for (; at < whole; at += 16) {
      v128.store(to + at, f32x4.add(v128.load(x + at), v128.load(row + at)));
    }
    for (; at < bytes; at += 4) store<f32>(to + at, load<f32>(x + at) + load<f32>(row + at));
  }
}
