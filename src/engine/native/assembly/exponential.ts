import { get, madd, put } from "./lanes";

/**
 * Constants for e^x. They are in memory, in scratch: V8 rebuilds a constant vector, in four
 * instructions, at every use.
 */
@unmanaged
export class Exponential {
  log2e: f32;
  rounder: f32;
  ln2High: f32;
  ln2Low: f32;
  e6: f32;
  e5: f32;
  e4: f32;
  e3: f32;
  e2: f32;
  one: f32;
  bias: i32;
}

export function fillExponential(at: usize): void {
  const t = changetype<Exponential>(at);
  t.log2e = 1.4426950408889634;
  // 1.5 * 2^23: adding a number to it rounds the number to an integer, which is then in the low
  // bits.
  t.rounder = 12582912;
  // ln 2 in two parts: integers times the first are exact.
  t.ln2High = -0.693359375;
  t.ln2Low = 2.12194440e-4;
  t.e6 = 0.001381461275741458;
  t.e5 = 0.008368710055947304;
  t.e4 = 0.04166838899254799;
  t.e3 = 0.1666652113199234;
  t.e2 = 0.4999999403953552;
  t.one = 1;
  t.bias = 127 << 23;
}

/** Lower limit above which e^x is a normal number. */
export const LEAST: f32 = -87;

/** Returns a number of the table at `table` on four lanes. */
// @ts-ignore: decorator
@inline
export function entry(table: usize, offset: usize): v128 {
  return v128.load32_splat(table + offset);
}

/**
 * Returns e^r of four lanes, where x = n ln 2 + r: 1 + r + r^2 Q(r), Q fitted to 3e-9 over |r| <=
 * ln 2 / 2.
 *
 * @param shifted `rounder` + n: n in its low bits.
 */
// @ts-ignore: decorator
@inline
export function exponentialOfRest(
  x: v128,
  shifted: v128,
  rounder: v128,
  ln2High: v128,
  ln2Low: v128,
  e6: v128,
  e5: v128,
  e4: v128,
  e3: v128,
  e2: v128,
  one: v128,
): v128 {
  const n = f32x4.sub(shifted, rounder);
  const r = madd(n, ln2Low, madd(n, ln2High, x));
  let q = madd(e6, r, e5);
  q = madd(q, r, e4);
  q = madd(q, r, e3);
  q = madd(q, r, e2);
  return f32x4.add(madd(f32x4.mul(r, r), q, r), one);
}

/**
 * Returns e^x of four lanes, for x with a normal result, from the constants of an `Exponential`.
 */
// @ts-ignore: decorator
@inline
function power(
  x: v128,
  log2e: v128,
  rounder: v128,
  ln2High: v128,
  ln2Low: v128,
  e6: v128,
  e5: v128,
  e4: v128,
  e3: v128,
  e2: v128,
  one: v128,
  bias: v128,
): v128 {
  const shifted = f32x4.add(f32x4.mul(x, log2e), rounder);
  const rest = exponentialOfRest(x, shifted, rounder, ln2High, ln2Low, e6, e5, e4, e3, e2, one);
  return f32x4.mul(rest, i32x4.add(i32x4.shl(shifted, 23), bias));
}

/** Returns the same with the constants of the table at `table`. */
// @ts-ignore: decorator
@inline
export function exponential(x: v128, table: usize): v128 {
  return power(
    x,
    entry(table, offsetof<Exponential>("log2e")),
    entry(table, offsetof<Exponential>("rounder")),
    entry(table, offsetof<Exponential>("ln2High")),
    entry(table, offsetof<Exponential>("ln2Low")),
    entry(table, offsetof<Exponential>("e6")),
    entry(table, offsetof<Exponential>("e5")),
    entry(table, offsetof<Exponential>("e4")),
    entry(table, offsetof<Exponential>("e3")),
    entry(table, offsetof<Exponential>("e2")),
    entry(table, offsetof<Exponential>("one")),
    entry(table, offsetof<Exponential>("bias")),
  );
}

/** Returns `factor` |x|, clamped to `low` .. `high`. */
// @ts-ignore: decorator
@inline
function exponentOf(x: v128, factor: v128, low: v128, high: v128): v128 {
  // "pmin" and "pmax" take their first operand unless the other is beyond it: for NaN too.
  return f32x4.pmax(low, f32x4.pmin(high, f32x4.mul(f32x4.abs(x), factor)));
}

/**
 * Computes e^y of `count` float32, where y = `factor` |x|, clamped to `low` .. `high`; `high` for
 * NaN. It loads the constants once, whereas `exponential` loads them for every four.
 *
 * @param table Address of an `Exponential`.
 */
export function powers(
  from: usize,
  to: usize,
  count: i32,
  factor: f32,
  low: f32,
  high: f32,
  table: usize,
): void {
  const factors = f32x4.splat(factor), lows = f32x4.splat(low), highs = f32x4.splat(high);
  const log2e = entry(table, offsetof<Exponential>("log2e"));
  const rounder = entry(table, offsetof<Exponential>("rounder"));
  const ln2High = entry(table, offsetof<Exponential>("ln2High"));
  const ln2Low = entry(table, offsetof<Exponential>("ln2Low"));
  const e6 = entry(table, offsetof<Exponential>("e6"));
  const e5 = entry(table, offsetof<Exponential>("e5"));
  const e4 = entry(table, offsetof<Exponential>("e4"));
  const e3 = entry(table, offsetof<Exponential>("e3"));
  const e2 = entry(table, offsetof<Exponential>("e2"));
  const one = entry(table, offsetof<Exponential>("one"));
  const bias = entry(table, offsetof<Exponential>("bias"));
  const end = from + (<usize> count << 2);
  for (const whole = from + (<usize> (count & ~3) << 2); from < whole; from += 16, to += 16) {
    const x = exponentOf(get(from, true), factors, lows, highs);
    const e = power(x, log2e, rounder, ln2High, ln2Low, e6, e5, e4, e3, e2, one, bias);
    put(to, e, true);
  }
  for (; from < end; from += 4, to += 4) {
    const x = exponentOf(get(from, false), factors, lows, highs);
    const e = power(x, log2e, rounder, ln2High, ln2Low, e6, e5, e4, e3, e2, one, bias);
    put(to, e, false);
  }
}
