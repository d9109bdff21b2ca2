import { madd } from "./madd";

// @ts-ignore: decorator
@inline
function constant(x: f32): v128 {
  return f32x4.splat(x);
}

/**
 * e^x of four lanes, x from -87 to 88: x = n ln 2 + r, and e^r = 1 + r + r^2 Q(r) with Q fitted to 3e-9
 * over |r| <= ln 2 / 2.
 */
// @ts-ignore: decorator
@inline
function exponential(x: v128): v128 {
  const n = f32x4.nearest(f32x4.mul(x, constant(1.4426950408889634)));
  // ln 2 in two parts: n times the first is exact.
  let r = f32x4.sub(x, f32x4.mul(n, constant(0.693359375)));
  r = f32x4.add(r, f32x4.mul(n, constant(2.12194440e-4)));
  let q = constant(0.001381461275741458);
  q = madd(q, r, constant(0.008368710055947304));
  q = madd(q, r, constant(0.04166838899254799));
  q = madd(q, r, constant(0.1666652113199234));
  q = madd(q, r, constant(0.4999999403953552));
  const e = f32x4.add(madd(f32x4.mul(r, r), q, r), constant(1));
  const power = i32x4.shl(i32x4.add(i32x4.trunc_sat_f32x4_s(n), i32x4.splat(127)), 23);
  return f32x4.mul(e, power);
}

/**
 * tanh of four lanes. Below 0.625 x + x^3 P(x^2), P fitted to 4e-9, so that small x keep all their
 * digits; above 1 - 2 / (e^2x + 1). NaN stays NaN, -0 stays -0.
 */
// @ts-ignore: decorator
@inline
function hyperbolicTangent(x: v128): v128 {
  const magnitude = f32x4.abs(x);
  const z = f32x4.mul(x, x);
  let p = constant(-0.005717045161873102);
  p = madd(p, z, constant(0.02065058797597885));
  p = madd(p, z, constant(-0.05374349653720856));
  p = madd(p, z, constant(0.13331490755081177));
  p = madd(p, z, constant(-0.3333328366279602));
  const small = madd(f32x4.mul(p, z), x, x);
  // "pmin" takes its first operand unless the second is smaller: 10 for NaN too, which `small` keeps.
  const clipped = f32x4.pmin(constant(10), magnitude);
  const e = exponential(f32x4.add(clipped, clipped));
  const large = f32x4.sub(constant(1), f32x4.div(constant(2), f32x4.add(e, constant(1))));
  const signed = v128.or(large, v128.and(x, constant(-0.0)));
  return v128.bitselect(signed, small, f32x4.ge(magnitude, constant(0.625)));
}

/** tanh of `count` float32; the last few through four of scratch. */
export function tanh(from: usize, to: usize, count: i32, scratch: usize): void {
  const whole = from + ((<usize> count << 2) & ~15);
  for (; from < whole; from += 16, to += 16) v128.store(to, hyperbolicTangent(v128.load(from)));
  const rest = count & 3;
  if (rest == 0) return;
  for (let i = 0; i < rest; i++) {
    store<f32>(scratch + (<usize> i << 2), load<f32>(from + (<usize> i << 2)));
  }
  v128.store(scratch, hyperbolicTangent(v128.load(scratch)));
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
