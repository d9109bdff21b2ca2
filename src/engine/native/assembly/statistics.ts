import { madd64, total } from "./lanes";
import { Pieces } from "./records";
import { clearRun } from "./runs";

/** Results of `sums`; the same names as in JavaScript. */
@unmanaged
export class Sums {
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
function laneSum(x: v128): i32 {
  return i32x4.extract_lane(x, 0) + i32x4.extract_lane(x, 1) + i32x4.extract_lane(x, 2) +
    i32x4.extract_lane(x, 3);
}

/** Bytes that are summed before checking if all of them were finite numbers. */
const BLOCK: usize = 2048;

/** Places read at once, so that several cache misses are handled together. */
const PLACES: usize = 4;

/** Number of variances from which on the square of the mean costs the variance too many digits. */
const FAR_MEAN: f64 = 1024;

/** Computes the sums of the pieces from `first` to before `end`, each stored by its number. */
export function sumPieces(r: Pieces, first: i32, end: i32): void {
  for (let i = first; i < end; i++) {
    const before = i * r.piece;
    const result = r.result + <usize> i * offsetof<Sums>();
    sums(r.from + (<usize> before << 2), min(r.piece, r.count - before), result);
  }
}

/**
 * Computes all sums that the statistics of a run of float32 need, in float64 and in one sweep.
 *
 * The run is read in four parts side by side, which takes half the time if it is not in the
 * processor's cache.
 *
 * The squared deviations are the sum of squares less `n` times the mean's square. If the mean is so
 * large beside them that too many digits would be lost, a second sweep takes deviations from the
 * first entry: as it is one of the entries, its squared distance from the mean is at most `count`
 * times the variance; and of equal entries none deviates at all.
 */
export function sums(from: usize, count: i32, result: usize): void {
  const end = from + (<usize> count << 2);
  const part = ((end - from) / PLACES) & ~15;
  const out = changetype<Sums>(result);
  out.finite = 0;
  out.sumAbs = 0;
  out.sumSquares = 0;
  out.maxAbs = 0;
  out.zeros = 0;
  let sum: f64 = 0;
  for (let at = from; at < from + part;) {
    const stop = min(at + BLOCK, from + part);
    let sumA = f64x2.splat(0), sumB = f64x2.splat(0);
    let squaresA = f64x2.splat(0), squaresB = f64x2.splat(0);
    let absA = f64x2.splat(0), absB = f64x2.splat(0);
    let largest = i32x4.splat(0), least = i32x4.splat(-1);
    for (let i = at; i < stop; i += 16) {
      let place = i;
      for (let p: usize = 0; p < PLACES; p++, place += part) {
        const x = f64x2.promote_low_f32x4(v128.load64_zero(place));
        const y = f64x2.promote_low_f32x4(v128.load64_zero(place, 8));
        sumA = f64x2.add(sumA, x);
        sumB = f64x2.add(sumB, y);
        absA = f64x2.add(absA, f64x2.abs(x));
        absB = f64x2.add(absB, f64x2.abs(y));
        squaresA = madd64(x, x, squaresA);
        squaresB = madd64(y, y, squaresB);
        // As integers, magnitudes are in the order of their values.
        const magnitude = f32x4.abs(v128.load(place));
        largest = i32x4.max_s(largest, magnitude);
        least = i32x4.min_u(least, magnitude);
      }
    }
    const sumAbs = total(f64x2.add(absA, absB));
    // float32 cannot overflow a sum in float64: the sum is finite if and only if all of them are.
    if (isFinite(sumAbs)) {
      sum += total(f64x2.add(sumA, sumB));
      out.finite += <f64> ((stop - at) * PLACES >> 2);
      out.sumAbs += sumAbs;
      out.sumSquares += total(f64x2.add(squaresA, squaresB));
      out.maxAbs = max<f64>(out.maxAbs, largestLane(largest));
      if (!i32x4.all_true(least)) {
        for (let p: usize = 0; p < PLACES; p++) {
          out.zeros += countZeros(at + p * part, stop + p * part);
        }
      }
    } else {
      for (let p: usize = 0; p < PLACES; p++) {
        sum += addFinite(at + p * part, stop + p * part, out);
      }
    }
    at = stop;
  }
  sum += addFinite(from + part * PLACES, end, out);

  const n = max<f64>(out.finite, 1);
  out.mean = sum / n;
  const meanSquares = n * (out.mean * out.mean);
  out.squaredDeviations = max<f64>(0, out.sumSquares - meanSquares);
  if (meanSquares > FAR_MEAN * out.squaredDeviations) deviations(from, end, n, out);
}

// @ts-ignore: decorator
@inline
function largestLane(magnitudes: v128): f64 {
  return <f64> max<f32>(
    max<f32>(f32x4.extract_lane(magnitudes, 0), f32x4.extract_lane(magnitudes, 1)),
    max<f32>(f32x4.extract_lane(magnitudes, 2), f32x4.extract_lane(magnitudes, 3)),
  );
}

/** Returns the number of zeros among entries whose number is a multiple of four. */
function countZeros(from: usize, end: usize): f64 {
  let zeros = i32x4.splat(0);
  for (let at = from; at < end; at += 16) {
    zeros = i32x4.sub(zeros, f32x4.eq(v128.load(at), f32x4.splat(0)));
  }
  return <f64> laneSum(zeros);
}

/** Adds the finite entries one by one, and returns their sum. */
function addFinite(from: usize, end: usize, out: Sums): f64 {
  let sum: f64 = 0;
  for (let at = from; at < end; at += 4) {
    const x = <f64> load<f32>(at);
    if (!isFinite(x)) continue;
    sum += x;
    out.finite += 1;
    out.sumAbs += abs(x);
    out.sumSquares += x * x;
    out.maxAbs = max(out.maxAbs, abs(x));
    out.zeros += <f64> (x == 0);
  }
  return sum;
}

/**
 * Computes the mean and the squared deviations again, from the deviations from the first finite
 * entry.
 */
function deviations(from: usize, end: usize, n: f64, out: Sums): void {
  let at = from;
  while (at < end && !isFinite<f32>(load<f32>(at))) at += 4;
  const origin: f64 = at < end ? <f64> load<f32>(at) : 0;
  const origins = f64x2.splat(origin);
  let shifted: f64 = 0, squares: f64 = 0;
  while (at < end) {
    const left = end - at;
    const stop = left < 16 ? end : at + min(BLOCK, left & ~15);
    let shiftedA = f64x2.splat(0), shiftedB = f64x2.splat(0);
    let squaresA = f64x2.splat(0), squaresB = f64x2.splat(0);
    let i = at;
    for (; i + 16 <= stop; i += 16) {
      const a = f64x2.sub(f64x2.promote_low_f32x4(v128.load64_zero(i)), origins);
      const b = f64x2.sub(f64x2.promote_low_f32x4(v128.load64_zero(i, 8)), origins);
      shiftedA = f64x2.add(shiftedA, a);
      shiftedB = f64x2.add(shiftedB, b);
      squaresA = madd64(a, a, squaresA);
      squaresB = madd64(b, b, squaresB);
    }
    const blockSquares = total(f64x2.add(squaresA, squaresB));
    if (i == stop && isFinite(blockSquares)) {
      shifted += total(f64x2.add(shiftedA, shiftedB));
      squares += blockSquares;
      at = stop;
      continue;
    }
    for (; at < stop; at += 4) {
      const deviation = <f64> load<f32>(at) - origin;
      if (!isFinite(deviation)) continue;
      shifted += deviation;
      squares += deviation * deviation;
    }
  }
  out.mean = origin + shifted / n;
  out.squaredDeviations = max<f64>(0, squares - shifted * (shifted / n));
}

/** Results of `flat`. */
@unmanaged
class Flat {
  low: f64;
  high: f64;
  nan: f64;
}

/**
 * Counts, of `groups` x `units` x `inner` float32, the entries <= low, those >= high and those that
 * are NaN, and flags each unit that has one between the bounds or NaN. A bound of NaN has no
 * effect.
 *
 * @param active Address of an i32 for each unit: -1 if it has one, else 0.
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
  let below = i32x4.splat(0), above = i32x4.splat(0), nan = i32x4.splat(0);
  let belowCount = 0, aboveCount = 0, nanCount = 0;
  clearRun(active, units);
  // If units are adjacent, four units are checked together; else four entries of one unit.
  const isSideBySide = inner == 1;
  const run = isSideBySide ? units : inner;
  const runs = isSideBySide ? groups : groups * units;
  let at = from;
  let unit = 0;
  for (let r = 0; r < runs; r++) {
    let flag = active + (isSideBySide ? 0 : <usize> unit << 2);
    let any = i32x4.splat(0);
    let i = 0;
    for (; i + 4 <= run; i += 4, at += 16) {
      const x = v128.load(at);
      const isLow = f32x4.le(x, lows);
      const isHigh = f32x4.ge(x, highs);
      const isNaN = f32x4.ne(x, x);
      below = i32x4.sub(below, isLow);
      above = i32x4.sub(above, v128.andnot(isHigh, isLow));
      nan = i32x4.sub(nan, isNaN);
      const inside = v128.not(v128.or(isLow, isHigh));
      if (isSideBySide) {
        v128.store(flag, v128.or(v128.load(flag), inside));
        flag += 16;
      } else {
        any = v128.or(any, inside);
      }
    }
    if (v128.any_true(any)) store<i32>(flag, -1);
    for (; i < run; i++, at += 4) {
      const x = load<f32>(at);
      if (x <= low) belowCount++;
      else if (x >= high) aboveCount++;
      else {
        if (x != x) nanCount++;
        store<i32>(flag, -1);
      }
      if (isSideBySide) flag += 4;
    }
    if (++unit == units) unit = 0;
  }
  const out = changetype<Flat>(result);
  out.low = <f64> (belowCount + laneSum(below));
  out.high = <f64> (aboveCount + laneSum(above));
  out.nan = <f64> (nanCount + laneSum(nan));
}

/**
 * Counters per exponent: adjacent entries mostly have the same exponent, and would wait for each
 * other.
 */
const COUNTERS: usize = 4;

/**
 * Counts float32 by their stored exponents, 0 to 255.
 *
 * @param counts Address of an i32 for each exponent, followed by room for 1024 more.
 */
export function exponents(from: usize, count: i32, counts: usize): void {
  const counters = counts + 256 * 4;
  clearRun(counters, 256 * <i32> COUNTERS);
  const end = from + (<usize> count << 2);
  const whole = from + ((<usize> count << 2) & ~15);
  let at = from;
  for (; at < whole; at += 16) {
    // Exponent times 16, the bytes of its counters.
    const x = v128.and(i32x4.shr_u(v128.load(at), 19), i32x4.splat(0xff0));
    raise(counters + <usize> i32x4.extract_lane(x, 0));
    raise(counters + 4 + <usize> i32x4.extract_lane(x, 1));
    raise(counters + 8 + <usize> i32x4.extract_lane(x, 2));
    raise(counters + 12 + <usize> i32x4.extract_lane(x, 3));
  }
  for (; at < end; at += 4) raise(counters + <usize> (load<u32>(at) >> 19 & 0xff0));
  for (let exponent: usize = 0; exponent < 256; exponent++) {
    const at = counters + exponent * COUNTERS * 4;
    const sum = load<i32>(at) + load<i32>(at, 4) + load<i32>(at, 8) + load<i32>(at, 12);
    store<i32>(counts + (exponent << 2), sum);
  }
}

// @ts-ignore: decorator
@inline
function raise(counter: usize): void {
  store<i32>(counter, load<i32>(counter) + 1);
}
