import { entry, Exponential, exponential, fillExponential } from "./exponential";
import { madd } from "./madd";

// @ts-ignore: decorator
@inline
function constant(x: f32): v128 {
  return f32x4.splat(x);
}

/** The numbers that tanh needs besides those of e^x, behind which they lie. */
@unmanaged
export class Table extends Exponential {
  t11: f32;
  t9: f32;
  t7: f32;
  t5: f32;
  t3: f32;
  most: f32;
  bend: f32;
  magnitude: i32;
}

export function fillTable(at: usize): void {
  fillExponential(at);
  const t = changetype<Table>(at);
  t.t11 = -0.005717045161873102;
  t.t9 = 0.02065058797597885;
  t.t7 = -0.05374349653720856;
  t.t5 = 0.13331490755081177;
  t.t3 = -0.3333328366279602;
  t.most = 10;
  t.bend = 0.625;
  t.magnitude = 0x7fffffff;
}

/**
 * tanh of four lanes. Below 0.625 it is x + x^3 P(x^2), P fitted to 4e-9, so that small x keep all their
 * digits. Above it is 1 - 2 / (e^2x + 1). NaN stays NaN, -0 stays -0.
 */
// @ts-ignore: decorator
@inline
export function hyperbolicTangent(x: v128, t: usize): v128 {
  const magnitude = v128.and(x, entry(t, offsetof<Table>("magnitude")));
  const z = f32x4.mul(x, x);
  let p = entry(t, offsetof<Table>("t11"));
  p = madd(p, z, entry(t, offsetof<Table>("t9")));
  p = madd(p, z, entry(t, offsetof<Table>("t7")));
  p = madd(p, z, entry(t, offsetof<Table>("t5")));
  p = madd(p, z, entry(t, offsetof<Table>("t3")));
  const small = madd(f32x4.mul(p, z), x, x);
  // "pmin" takes its first operand unless the second is smaller: 10 for NaN too, which `small` keeps.
  const clipped = f32x4.pmin(entry(t, offsetof<Table>("most")), magnitude);
  const y = f32x4.add(clipped, clipped);
  const one = entry(t, offsetof<Table>("one"));
  const e = f32x4.add(exponential(y, t), one);
  const large = f32x4.sub(one, f32x4.div(f32x4.add(one, one), e));
  const signed = v128.or(large, v128.andnot(x, entry(t, offsetof<Table>("magnitude"))));
  return v128.bitselect(
    signed,
    small,
    f32x4.ge(magnitude, entry(t, offsetof<Table>("bend"))),
  );
}

/**
 * tanh of `count` float32; the last few through scratch.
 *
 * @param scratch Address of 96 bytes.
 */
export function tanh(from: usize, to: usize, count: i32, scratch: usize): void {
  const table = scratch + 16;
  fillTable(table);
  const whole = from + ((<usize> count << 2) & ~15);
  for (; from < whole; from += 16, to += 16) {
    v128.store(to, hyperbolicTangent(v128.load(from), table));
  }
  const rest = count & 3;
  if (rest == 0) return;
  for (let i = 0; i < rest; i++) {
    store<f32>(scratch + (<usize> i << 2), load<f32>(from + (<usize> i << 2)));
  }
  v128.store(scratch, hyperbolicTangent(v128.load(scratch), table));
  for (let i = 0; i < rest; i++) {
    store<f32>(to + (<usize> i << 2), load<f32>(scratch + (<usize> i << 2)));
  }
}

/** dy (1 - y^2) of `count` float32: the gradient of y = tanh x. */
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

/** dy where x lies in `low` .. `high`, 0 elsewhere, NaN where x is: the gradient of clipping x. */
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

/** x where it is not below 0, NaN where it is NaN. */
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

/** dy times 1 where x > 0, times 0 elsewhere, times NaN where x is NaN: the gradient of `relu`. */
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

/** x and `row`, which is added to each of its `rows` rows of `width` float32. */
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
