import { high, low } from "./lanes";

/**
 * Parameters of a step, in float64: decays of the moments, and factors from the rate and the number
 * of steps.
 */
@unmanaged
class Rates {
  beta1: f64;
  beta2: f64;
  epsilon: f64;
  /** Learning rate, corrected for the bias of the first moment. */
  rate: f64;
  /** Factor on the root of the second moment that corrects its bias. */
  scale: f64;
}

/** Returns decay * moment + (1 - decay) * slope. */
// @ts-ignore: decorator
@inline
function firstMoment(moment: v128, slope: v128, decay: f64): v128 {
  return f64x2.add(
    f64x2.mul(f64x2.splat(decay), moment),
    f64x2.mul(f64x2.splat(1 - decay), slope),
  );
}

/** Returns the same with the slope squared. */
// @ts-ignore: decorator
@inline
function secondMoment(moment: v128, slope: v128, decay: f64): v128 {
  return f64x2.add(
    f64x2.mul(f64x2.splat(decay), moment),
    f64x2.mul(f64x2.mul(f64x2.splat(1 - decay), slope), slope),
  );
}

/** Converts two vectors of float64 to one of float32. */
// @ts-ignore: decorator
@inline
function narrow(a: v128, b: v128): v128 {
  return v128.shuffle<f32>(
    f32x4.demote_f64x2_zero(a), f32x4.demote_f64x2_zero(b), 0, 1, 4, 5,
  );
}

/** Returns two weights after the step. */
// @ts-ignore: decorator
@inline
function moved(weights: v128, first: v128, second: v128, r: Rates): v128 {
  const size = f64x2.add(
    f64x2.mul(f64x2.splat(r.scale), f64x2.sqrt(second)),
    f64x2.splat(r.epsilon),
  );
  return f64x2.sub(weights, f64x2.div(f64x2.mul(f64x2.splat(r.rate), first), size));
}

/** Steps four entries, computed in float64. */
// @ts-ignore: decorator
@inline
function four(
  weights: usize,
  slopes: usize,
  first: usize,
  second: usize,
  to: usize,
  r: Rates,
): void {
  const slope = v128.load(slopes), m = v128.load(first), v = v128.load(second);
  const slopeLow = low(slope), slopeHigh = high(slope);
  const mLow = firstMoment(low(m), slopeLow, r.beta1);
  const mHigh = firstMoment(high(m), slopeHigh, r.beta1);
  const vLow = secondMoment(low(v), slopeLow, r.beta2);
  const vHigh = secondMoment(high(v), slopeHigh, r.beta2);
  v128.store(first, narrow(mLow, mHigh));
  v128.store(second, narrow(vLow, vHigh));
  const weight = v128.load(weights);
  v128.store(
    to,
    narrow(moved(low(weight), mLow, vLow, r), moved(high(weight), mHigh, vHigh, r)),
  );
}

/**
 * Takes a step of Adam on `count` float32. Both moments are updated in place; the weights stay, and
 * the new ones are written elsewhere.
 *
 * @param rates Address of the float64 of `Rates`.
 */
export function adam(
  weights: usize,
  slopes: usize,
  first: usize,
  second: usize,
  to: usize,
  count: i32,
  rates: usize,
): void {
  const r = changetype<Rates>(rates);
  const bytes = <usize> count << 2, whole = bytes & ~15;
  let at: usize = 0;
  for (; at < whole; at += 16) four(weights + at, slopes + at, first + at, second + at, to + at, r);
  for (; at < bytes; at += 4) {
    const slope = <f64> load<f32>(slopes + at);
    const m = r.beta1 * <f64> load<f32>(first + at) + (1 - r.beta1) * slope;
    const v = r.beta2 * <f64> load<f32>(second + at) + (1 - r.beta2) * slope * slope;
    store<f32>(first + at, <f32> m);
    store<f32>(second + at, <f32> v);
    const step = r.rate * m / (r.scale * sqrt<f64>(v) + r.epsilon);
    store<f32>(to + at, <f32> (<f64> load<f32>(weights + at) - step));
  }
}
