import { fillTable, hyperbolicTangent, Table } from "./elementwise";
import { entry, exponential, LEAST } from "./exponential";

/** The activations that a recurrent cell may apply without leaving this module. */
export const enum Squash {
  linear,
  tanh,
  sigmoid,
  hardSigmoid,
  relu,
}

/** Bytes that `squash` needs for its constants. */
export const SQUASH_SCRATCH: i32 = 128;

export function fillSquash(at: usize): void {
  fillTable(at);
}

/** 1 / (1 + e^-x), by e^-|x|, so that small results keep all their digits. NaN stays NaN. */
// @ts-ignore: decorator
@inline
export function sigmoid(x: v128, t: usize): v128 {
  const one = entry(t, offsetof<Table>("one"));
  const negative = v128.or(x, f32x4.splat(-0.0));
  // "pmax" takes its first operand unless the second is larger: NaN leaves the bound, and comes back below.
  const y = f32x4.pmax(f32x4.splat(LEAST), negative);
  const e = v128.and(exponential(y, t), f32x4.ge(negative, f32x4.splat(LEAST)));
  const above = f32x4.div(one, f32x4.add(one, e));
  const value = v128.bitselect(above, f32x4.mul(e, above), f32x4.ge(x, f32x4.splat(0)));
  return v128.bitselect(value, x, f32x4.eq(x, x));
}

/** What of z a hard sigmoid clips: 0.2 z + 0.5. */
// @ts-ignore: decorator
@inline
function ramp(z: v128): v128 {
  return f32x4.add(f32x4.splat(0.5), f32x4.mul(f32x4.splat(0.2), z));
}

/** The activation of four lanes. */
export function squash(kind: Squash, z: v128, table: usize): v128 {
  switch (kind) {
    case Squash.tanh: return hyperbolicTangent(z, table);
    case Squash.sigmoid: return sigmoid(z, table);
    case Squash.hardSigmoid: {
      return f32x4.min(f32x4.max(ramp(z), f32x4.splat(0)), f32x4.splat(1));
    }
    case Squash.relu: return f32x4.max(z, f32x4.splat(0));
    default: return z;
  }
}

/** d a / d z of four lanes, as TensorFlow.js has it at the kinks: 1/5 where a hard sigmoid just touches. */
export function slope(kind: Squash, z: v128, a: v128): v128 {
  const one = f32x4.splat(1);
  switch (kind) {
    case Squash.tanh: return f32x4.sub(one, f32x4.mul(a, a));
    case Squash.sigmoid: return f32x4.mul(a, f32x4.sub(one, a));
    case Squash.hardSigmoid: {
      const y = ramp(z);
      const inside = v128.and(f32x4.ge(y, f32x4.splat(0)), f32x4.le(y, one));
      return v128.bitselect(v128.and(inside, f32x4.splat(0.2)), y, f32x4.eq(y, y));
    }
    case Squash.relu: {
      return v128.bitselect(v128.and(f32x4.gt(z, f32x4.splat(0)), one), z, f32x4.eq(z, z));
    }
    default: return one;
  }
}
