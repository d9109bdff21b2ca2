import { entry, Exponential, exponential, fillExponential, LEAST } from "./exponential";
import { get, madd, put } from "./lanes";
import { sigmoid } from "./saturating";

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
function slope(gate: Gate, x: v128, t: usize): v128 {
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
    put(to + at, f32x4.mul(get(dy + at, true), slope(gate, get(x + at, true), scratch)), true);
  }
  for (; at < end; at += 4) {
    put(to + at, f32x4.mul(get(dy + at, false), slope(gate, get(x + at, false), scratch)), false);
  }
}
