/** Largest float32 bit pattern of a finite number is one less. */
const INFINITE: i32 = 0x7f800000;

/** What `sums` leaves behind; the same names as in JavaScript. */
@unmanaged
class Sums {
  finite: f64;
  sumAbs: f64;
  sumSquares: f64;
  maxAbs: f64;
  zeros: f64;
  mean: f64;
  squaredDeviations: f64;
}

// @ts-ignore: decorator
@inline
function high(x: v128): v128 {
  return f64x2.promote_low_f32x4(v128.shuffle<f64>(x, x, 1, 1));
}

// @ts-ignore: decorator
@inline
function total(x: v128): f64 {
  return f64x2.extract_lane(x, 0) + f64x2.extract_lane(x, 1);
}

/** Bytes that are summed up before it is looked whether all of it was finite. */
const BLOCK: usize = 4096;

/** Times that the squared mean may exceed the variance before the deviations are taken by themselves. */
const CANCELLING: f64 = 1e4;

/**
 * All sums over a run of float32 that its statistics need, in float64 and in one sweep; in a second
 * one where the mean is so large beside the deviation that the difference of squares would lose more
 * than four digits.
 *
 * As integers, the magnitudes of float32 are in the same order, and those of finite ones are below
 * infinity: one maximum gives the largest and says whether a block is finite. A block that is not is
 * gone through entry by entry.
 */
export function sums(from: usize, count: i32, result: usize): void {
  const end = from + (<usize> count << 2);
  const whole = from + ((end - from) & ~15);
  const zero = f32x4.splat(0);
  let finite = 0, zeros = 0, largest = 0;
  let sum: f64 = 0, squares: f64 = 0, sumAbs: f64 = 0;
  for (let block = from; block < end;) {
    const last = block + BLOCK < whole ? block + BLOCK : block < whole ? whole : end;
    let at = block;
    if (block < whole) {
      let sumA = f64x2.splat(0), sumB = f64x2.splat(0);
      let squaresA = f64x2.splat(0), squaresB = f64x2.splat(0);
      let absA = f64x2.splat(0), absB = f64x2.splat(0);
      let most = i32x4.splat(0), zeroCounts = i32x4.splat(0);
      for (; at < last; at += 16) {
        const x = v128.load(at);
        const a = f64x2.promote_low_f32x4(x);
        const b = high(x);
        sumA = f64x2.add(sumA, a);
        sumB = f64x2.add(sumB, b);
        squaresA = f64x2.add(squaresA, f64x2.mul(a, a));
        squaresB = f64x2.add(squaresB, f64x2.mul(b, b));
        absA = f64x2.add(absA, f64x2.abs(a));
        absB = f64x2.add(absB, f64x2.abs(b));
        most = i32x4.max_s(most, f32x4.abs(x));
        zeroCounts = i32x4.sub(zeroCounts, f32x4.eq(x, zero));
      }
      const top = laneMax(most);
      if (top < INFINITE) {
        finite += <i32> ((last - block) >> 2);
        sum += total(f64x2.add(sumA, sumB));
        squares += total(f64x2.add(squaresA, squaresB));
        sumAbs += total(f64x2.add(absA, absB));
        largest = max(largest, top);
        zeros += laneSum(zeroCounts);
      } else {
        at = block;
      }
    }
    for (; at < last; at += 4) {
      const x = load<f32>(at);
      if (!isFinite<f32>(x)) continue;
      finite++;
      sum += <f64> x;
      squares += <f64> x * <f64> x;
      sumAbs += <f64> abs<f32>(x);
      largest = max(largest, reinterpret<i32>(abs<f32>(x)));
      zeros += <i32> (x == 0);
    }
    block = last;
  }
  const n: f64 = <f64> max(finite, 1);
  const mean = sum / n;
  let squaredDeviations = squares - sum * mean;
  if (squaredDeviations * CANCELLING < squares) {
    squaredDeviations = deviationsFrom(mean, from, end);
  }
  const out = changetype<Sums>(result);
  out.finite = <f64> finite;
  out.sumAbs = sumAbs;
  out.sumSquares = squares;
  out.maxAbs = <f64> reinterpret<f32>(largest);
  out.zeros = <f64> zeros;
  out.mean = mean;
  out.squaredDeviations = squaredDeviations;
}

/** The sum of squared deviations of the finite entries from `mean`. */
function deviationsFrom(mean: f64, from: usize, end: usize): f64 {
  let squares: f64 = 0, rest: f64 = 0, finite = 0;
  for (let at = from; at < end; at += 4) {
    const x = load<f32>(at);
    if (!isFinite<f32>(x)) continue;
    const deviation = <f64> x - mean;
    squares += deviation * deviation;
    rest += deviation;
    finite++;
  }
  // What the rounded mean is off by.
  return max<f64>(0, squares - rest * rest / <f64> max(finite, 1));
}

function laneMax(x: v128): i32 {
  return max(
    max(i32x4.extract_lane(x, 0), i32x4.extract_lane(x, 1)),
    max(i32x4.extract_lane(x, 2), i32x4.extract_lane(x, 3)),
  );
}

// @ts-ignore: decorator
@inline
function laneSum(x: v128): i32 {
  return i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) + i32x4.extract_lane(x, 2) +
    i32x4.extract_lane(x, 3);
}

/** What `flat` leaves behind. */
@unmanaged
class Flat {
  low: f64;
  high: f64;
}

/**
 * Counts the entries <= low and those >= high of `groups` x `units` x `inner` float32, and sets the flag
 * (an i32) of each unit that has an entry between the two. NaN is none of the three.
 */
export function flat(
  from: usize,
  groups: i32,
  units: i32,
  inner: i32,
  low: f32,
  high: f32,
  active: usize,
  result: usize,
): void {
  const lows = f32x4.splat(low);
  const highs = f32x4.splat(high);
  let below = i32x4.splat(0), above = i32x4.splat(0);
  let belowCount = 0, aboveCount = 0;
  // Where units lie side by side, four units are looked at together; else four entries of one unit.
  const run = inner == 1 ? units : inner;
  const runs = inner == 1 ? groups : groups * units;
  let at = from;
  let unit = 0;
  for (let r = 0; r < runs; r++) {
    let flag = active + (inner == 1 ? 0 : <usize> unit << 2);
    const flagStep: usize = inner == 1 ? 4 : 0;
    let i = 0;
    let any = i32x4.splat(0);
    for (; i + 4 <= run; i += 4) {
      const x = v128.load(at);
      const isLow = f32x4.le(x, lows);
      const isHigh = f32x4.ge(x, highs);
      below = i32x4.sub(below, isLow);
      above = i32x4.sub(above, isHigh);
      const inside = v128.and(f32x4.gt(x, lows), f32x4.lt(x, highs));
      if (inner == 1) {
        v128.store(flag, v128.or(v128.load(flag), inside));
        flag += 16;
      } else {
        any = v128.or(any, inside);
      }
      at += 16;
    }
    if (v128.any_true(any)) store<i32>(flag, -1);
    for (; i < run; i++) {
      const x = load<f32>(at);
      if (x <= low) belowCount++;
      else if (x >= high) aboveCount++;
      else if (x == x) store<i32>(flag, -1);
      flag += flagStep;
      at += 4;
    }
    if (++unit == units) unit = 0;
  }
  const out = changetype<Flat>(result);
  out.low = <f64> (belowCount + laneSum(below));
  out.high = <f64> (aboveCount + laneSum(above));
}
