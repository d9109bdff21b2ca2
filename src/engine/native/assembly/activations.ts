import { Exponential, LEAST, entry, exponential, fillExponential, powers } from "./exponential";
import { get, madd, put } from "./lanes";
import { copyRun } from "./runs";

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

/** Activations that a recurrent cell may apply without leaving this module. */
export const enum Squash {
  linear,
  tanh,
  sigmoid,
  hardSigmoid,
  relu,
}

/** Returns the argument that a hard sigmoid clips: 0.2 z + 0.5. */
// @ts-ignore: decorator
@inline
function ramp(z: v128): v128 {
  return f32x4.add(f32x4.splat(0.5), f32x4.mul(f32x4.splat(0.2), z));
}

// @ts-ignore: decorator
@inline
function clip(kind: Squash, z: v128): v128 {
  return kind == Squash.relu
    ? f32x4.max(z, f32x4.splat(0))
    : f32x4.min(f32x4.max(ramp(z), f32x4.splat(0)), f32x4.splat(1));
}

/**
 * Computes the activation of `count` float32.
 *
 * @param to Not `from`.
 * @param table Table filled by `fillTable`.
 */
export function squash(kind: Squash, from: usize, to: usize, count: i32, table: usize): void {
  if (kind == Squash.tanh) tanhRun(from, to, count, table);
  else if (kind == Squash.sigmoid) sigmoidRun(from, to, count, table);
  else if (kind == Squash.linear) copyRun(from, to, count);
  else {
    const end = from + (<usize> count << 2);
    for (const whole = from + (<usize> (count & ~3) << 2); from < whole; from += 16, to += 16) {
      put(to, clip(kind, get(from, true)), true);
    }
    for (; from < end; from += 4, to += 4) put(to, clip(kind, get(from, false)), false);
  }
}

/**
 * Returns d a / d z of four lanes, as in TensorFlow.js at the kinks: 1/5 where a hard sigmoid just
 * touches.
 *
 * @param z Address of z, which the usual kinds do not need.
 */
// @ts-ignore: decorator
@inline
export function slope(kind: Squash, z: usize, a: v128, whole: bool): v128 {
  const one = f32x4.splat(1);
  if (kind == Squash.sigmoid) return f32x4.mul(a, f32x4.sub(one, a));
  if (kind == Squash.tanh) return f32x4.sub(one, f32x4.mul(a, a));
  return kinkedSlope(kind, get(z, whole));
}

function kinkedSlope(kind: Squash, z: v128): v128 {
  const one = f32x4.splat(1);
  if (kind == Squash.linear) return one;
  if (kind == Squash.relu) {
    return v128.bitselect(v128.and(f32x4.gt(z, f32x4.splat(0)), one), z, f32x4.eq(z, z));
  }
  const y = ramp(z);
  const inside = v128.and(f32x4.ge(y, f32x4.splat(0)), f32x4.le(y, one));
  return v128.bitselect(v128.and(inside, f32x4.splat(0.2)), y, f32x4.eq(y, y));
}

/** Function of an entry, from 0 to 1, that the entry is multiplied by. */
const enum Gate {
  /** Cumulative distribution of the standard normal: x times it is gelu. */
  normal,
  /**
   * Its approximation in `gelu_new`: (1 + tanh(u / 2)) / 2 = sigmoid(u), u = 2 sqrt(2 / pi) (x +
   * 0.044715 x^3).
   */
  normalByTanh,
  /** x sigmoid(x) is swish, or silu. */
  sigmoid,
}

/** Constants for gates, after those for e^x. */
@unmanaged
class GateTable extends Exponential {
  shrink: f32;
  h9: f32;
  h8: f32;
  h7: f32;
  h6: f32;
  h5: f32;
  h4: f32;
  h3: f32;
  h2: f32;
  h1: f32;
  h0: f32;
  density: f32;
  inner: f32;
  cubic: f32;
}

function fillGates(at: usize): void {
  fillExponential(at);
  const t = changetype<GateTable>(at);
  t.shrink = 0.3;
  t.h9 = -0.020581894439711212;
  t.h8 = 0.1122015626770417;
  t.h7 = -0.22764147644775556;
  t.h6 = 0.1909890298875937;
  t.h5 = -0.07873152633007627;
  t.h4 = 0.0957671791494922;
  t.h3 = 0.07853138168759198;
  t.h2 = 0.11020338404814888;
  t.h1 = 0.11957589019378384;
  t.h0 = 0.11968646786738463;
  t.density = 0.3989422804014327;
  t.inner = 1.5957691216057308;
  t.cubic = 0.07135481627159856;
}

/**
 * Returns e^(-x^2 / 2), exact to the last digits even if x^2 has more of them than a float32: in
 * two parts.
 */
// @ts-ignore: decorator
@inline
function bell(x: v128, t: usize): v128 {
  const a = f32x4.abs(x), one = entry(t, offsetof<GateTable>("one"));
  const high = v128.and(a, i32x4.splat(0xfffff000));
  const half = f32x4.splat(-0.5), least = f32x4.splat(LEAST);
  const exponent = f32x4.mul(f32x4.mul(high, high), half);
  // Small: the first terms of its exponential suffice.
  const rest = f32x4.mul(f32x4.mul(f32x4.sub(a, high), f32x4.add(a, high)), half);
  let series = madd(rest, f32x4.splat(1.0 / 3), one);
  series = madd(f32x4.mul(series, rest), f32x4.splat(0.5), one);
  series = madd(series, rest, one);
  const value = f32x4.mul(exponential(f32x4.pmax(least, exponent), t), series);
  return v128.and(value, f32x4.ge(exponent, least));
}

/**
 * Returns the cumulative distribution. Below 0 it is e^(-x^2 / 2) u H(u), u = 1 / (1 + 0.3 |x|), H
 * fitted to 4e-9, so that small results keep all their digits; above 0 it is 1 minus that of -x.
 */
// @ts-ignore: decorator
@inline
function normalGate(x: v128, bell: v128, t: usize): v128 {
  const one = entry(t, offsetof<GateTable>("one"));
  const u = f32x4.div(one, madd(f32x4.abs(x), entry(t, offsetof<GateTable>("shrink")), one));
  let h = entry(t, offsetof<GateTable>("h9"));
  h = madd(h, u, entry(t, offsetof<GateTable>("h8")));
  h = madd(h, u, entry(t, offsetof<GateTable>("h7")));
  h = madd(h, u, entry(t, offsetof<GateTable>("h6")));
  h = madd(h, u, entry(t, offsetof<GateTable>("h5")));
  h = madd(h, u, entry(t, offsetof<GateTable>("h4")));
  h = madd(h, u, entry(t, offsetof<GateTable>("h3")));
  h = madd(h, u, entry(t, offsetof<GateTable>("h2")));
  h = madd(h, u, entry(t, offsetof<GateTable>("h1")));
  h = madd(h, u, entry(t, offsetof<GateTable>("h0")));
  const tail = f32x4.mul(bell, f32x4.mul(h, u));
  return v128.bitselect(tail, f32x4.sub(one, tail), f32x4.lt(x, f32x4.splat(0)));
}

/** Returns the argument of `gelu_new`'s sigmoid, or its derivative if `factor` is 3. */
// @ts-ignore: decorator
@inline
function byTanh(x: v128, factor: f32, t: usize): v128 {
  const cubic = f32x4.mul(entry(t, offsetof<GateTable>("cubic")), f32x4.splat(factor));
  return madd(f32x4.mul(x, x), cubic, entry(t, offsetof<GateTable>("inner")));
}

// @ts-ignore: decorator
@inline
function gated(gate: Gate, x: v128, t: usize): v128 {
  if (gate == Gate.normal) return f32x4.mul(x, normalGate(x, bell(x, t), t));
  const inner = gate == Gate.sigmoid ? x : f32x4.mul(x, byTanh(x, 1, t));
  return f32x4.mul(x, sigmoid(inner, t));
}

/** Returns the derivative of x g(x). */
// @ts-ignore: decorator
@inline
function gateSlope(gate: Gate, x: v128, t: usize): v128 {
  if (gate == Gate.normal) {
    const height = bell(x, t);
    const density = f32x4.mul(height, entry(t, offsetof<GateTable>("density")));
    return madd(x, density, normalGate(x, height, t));
  }
  const isSigmoid = gate == Gate.sigmoid;
  const g = sigmoid(isSigmoid ? x : f32x4.mul(x, byTanh(x, 1, t)), t);
  const bent = f32x4.mul(g, f32x4.sub(entry(t, offsetof<GateTable>("one")), g));
  const steepness = isSigmoid ? x : f32x4.mul(x, byTanh(x, 3, t));
  // Where the gate is flat, x or its cube may be infinite.
  const change = v128.andnot(f32x4.mul(bent, steepness), f32x4.eq(bent, f32x4.splat(0)));
  return f32x4.add(g, change);
}

/**
 * Computes x g(x) of `count` float32.
 *
 * @param scratch Address of 128 bytes.
 */
export function selfGate(gate: i32, x: usize, to: usize, count: i32, scratch: usize): void {
  fillGates(scratch);
  let at: usize = 0;
  const end = <usize> count << 2;
  for (; at < (end & ~15); at += 16) put(to + at, gated(gate, get(x + at, true), scratch), true);
  for (; at < end; at += 4) put(to + at, gated(gate, get(x + at, false), scratch), false);
}

/** Computes dy times the derivative of x g(x), of `count` float32. */
export function selfGateGradient(
  gate: i32,
  x: usize,
  dy: usize,
  to: usize,
  count: i32,
  scratch: usize,
): void {
  fillGates(scratch);
  let at: usize = 0;
  const end = <usize> count << 2;
  for (; at < (end & ~15); at += 16) {
    put(to + at, f32x4.mul(get(dy + at, true), gateSlope(gate, get(x + at, true), scratch)), true);
  }
  for (; at < end; at += 4) {
    put(to + at, f32x4.mul(get(dy + at, false), gateSlope(gate, get(x + at, false), scratch)), false);
  }
}
