import { get, put } from "./lanes";
import { copyRun } from "./runs";
import { sigmoidRun, tanhRun } from "./saturating";

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
