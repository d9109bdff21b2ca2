import { entry, Exponential, exponential, fillExponential, LEAST, powers } from "./exponential";
import { get, madd, put } from "./lanes";

/** Constants for tanh, after those for e^x. */
@unmanaged
class Table extends Exponential {
  t11: f32;
  t9: f32;
  t7: f32;
  t5: f32;
  t3: f32;
}

/** Bytes of a table. */
export const TABLE: i32 = 64;

export function fillTable(at: usize): void {
  fillExponential(at);
  const t = changetype<Table>(at);
  t.t11 = -0.005717045161873102;
  t.t9 = 0.02065058797597885;
  t.t7 = -0.05374349653720856;
  t.t5 = 0.13331490755081177;
  t.t3 = -0.3333328366279602;
}

/** Above `MOST` tanh is 1 in float32; up to `BEND` a polynomial keeps more digits. */
const MOST: f32 = 10, BEND: f32 = 0.625;

/**
 * Returns tanh x from e = e^2|x|: 1 - 2 / (e + 1), or below `BEND` x + x^3 P(x^2), P fitted to
 * 4e-9.
 */
// @ts-ignore: decorator
@inline
function tanhBy(
  x: v128,
  e: v128,
  t11: v128,
  t9: v128,
  t7: v128,
  t5: v128,
  t3: v128,
  one: v128,
): v128 {
  const z = f32x4.mul(x, x);
  let p = madd(t11, z, t9);
  p = madd(p, z, t7);
  p = madd(p, z, t5);
  p = madd(p, z, t3);
  // NaN stays NaN, -0 stays -0.
  const small = madd(f32x4.mul(p, z), x, x);
  const large = f32x4.sub(one, f32x4.div(f32x4.add(one, one), f32x4.add(e, one)));
  const signed = v128.or(large, v128.and(x, f32x4.splat(-0.0)));
  return v128.bitselect(signed, small, f32x4.ge(f32x4.abs(x), f32x4.splat(BEND)));
}

/**
 * Computes tanh of `count` float32.
 *
 * @param to Not `from`: it holds intermediate powers.
 * @param table Table filled by `fillTable`.
 */
export function tanhRun(from: usize, to: usize, count: i32, table: usize): void {
  powers(from, to, count, 2, 0, 2 * MOST, table);
  const t11 = entry(table, offsetof<Table>("t11")), t9 = entry(table, offsetof<Table>("t9"));
  const t7 = entry(table, offsetof<Table>("t7")), t5 = entry(table, offsetof<Table>("t5"));
  const t3 = entry(table, offsetof<Table>("t3")), one = entry(table, offsetof<Table>("one"));
  const end = from + (<usize> count << 2);
  for (const whole = from + (<usize> (count & ~3) << 2); from < whole; from += 16, to += 16) {
    put(to, tanhBy(get(from, true), get(to, true), t11, t9, t7, t5, t3, one), true);
  }
  for (; from < end; from += 4, to += 4) {
    put(to, tanhBy(get(from, false), get(to, false), t11, t9, t7, t5, t3, one), false);
  }
}

/**
 * Returns 1 / (1 + e^-x) from e = e^-|x|, so that small results keep all their digits. NaN stays
 * NaN.
 */
// @ts-ignore: decorator
@inline
function sigmoidBy(x: v128, e: v128): v128 {
  const one = f32x4.splat(1), least = f32x4.splat(-LEAST);
  e = v128.and(e, f32x4.le(f32x4.abs(x), least));
  const above = f32x4.div(one, f32x4.add(one, e));
  const value = v128.bitselect(above, f32x4.mul(e, above), f32x4.ge(x, f32x4.splat(0)));
  return v128.bitselect(value, x, f32x4.eq(x, x));
}

/** Returns the same for four lanes, with the constants of the table at `t`. */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128, t: usize): v128 {
  // "pmax" takes its first operand unless the second is larger: NaN leaves the bound.
  const y = f32x4.pmax(f32x4.splat(LEAST), f32x4.neg(f32x4.abs(x)));
  return sigmoidBy(x, exponential(y, t));
}

/** Computes the same for `count` float32. Arguments are those of `tanhRun`. */
export function sigmoidRun(from: usize, to: usize, count: i32, table: usize): void {
  powers(from, to, count, -1, LEAST, 0, table);
  const end = from + (<usize> count << 2);
  for (const whole = from + (<usize> (count & ~3) << 2); from < whole; from += 16, to += 16) {
    put(to, sigmoidBy(get(from, true), get(to, true)), true);
  }
  for (; from < end; from += 4, to += 4) put(to, sigmoidBy(get(from, false), get(to, false)), false);
}
