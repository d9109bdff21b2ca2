import { entry, Exponential, exponentialOfRest, fillExponential } from "./exponential";
import { high, low, madd, madd64, total } from "./lanes";
import { copyRun } from "./runs";

/** Constants for softmax besides those for e^x. */
@unmanaged
class Table extends Exponential {
  /** Lower limit below which e^x is 0 in float32. */
  least: f32;
  /** Exponent 64, as float32 stores it. */
  raise: i32;
}

function fillTable(at: usize): void {
  fillExponential(at);
  const t = changetype<Table>(at);
  t.least = -104;
  t.raise = (127 + 64) << 23;
}

/** Returns the largest of `count` entries; NaN is skipped, none give -Infinity. */
function largest(from: usize, count: i32): f32 {
  let a = f32x4.splat(-Infinity), b = a, c = a, d = a;
  const end = from + (<usize> count << 2);
  // "pmax" takes its first operand unless it is smaller.
  for (; from + 64 <= end; from += 64) {
    a = f32x4.pmax(a, v128.load(from));
    b = f32x4.pmax(b, v128.load(from, 16));
    c = f32x4.pmax(c, v128.load(from, 32));
    d = f32x4.pmax(d, v128.load(from, 48));
  }
  a = f32x4.pmax(f32x4.pmax(a, b), f32x4.pmax(c, d));
  a = f32x4.pmax(a, v128.shuffle<f32>(a, a, 2, 3, 0, 1));
  a = f32x4.pmax(a, v128.shuffle<f32>(a, a, 1, 0, 3, 2));
  let most = f32x4.extract_lane(a, 0);
  for (; from < end; from += 4) {
    const x = load<f32>(from);
    if (x > most) most = x;
  }
  return most;
}

/** Multiplies `count` entries. */
function scale(at: usize, count: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  const end = at + (<usize> count << 2);
  for (const whole = at + (<usize> (count & ~3) << 2); at < whole; at += 16) {
    v128.store(at, f32x4.mul(v128.load(at), factors));
  }
  for (; at < end; at += 4) store<f32>(at, load<f32>(at) * factor);
}

/** Returns the sum of four lanes, added to two lanes of float64. */
// @ts-ignore: decorator
@inline
function addWide(x: v128, sums: v128): v128 {
  return f64x2.add(f64x2.add(low(x), high(x)), sums);
}

/**
 * Returns 2^64 e^(x - most) of four lanes: float32 stores no exponent below -126, and those of the
 * smallest entries go down to -149 before they are 0.
 */
// @ts-ignore: decorator
@inline
function raised(
  x: v128,
  most: v128,
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
  least: v128,
  raise: v128,
): v128 {
  const below = f32x4.sub(x, most);
  // "pmax" keeps NaN, its first operand.
  const z = f32x4.pmax(below, least);
  const shifted = madd(z, log2e, rounder);
  const value = f32x4.mul(
    exponentialOfRest(z, shifted, rounder, ln2High, ln2Low, e6, e5, e4, e3, e2, one),
    i32x4.add(i32x4.shl(shifted, 23), raise),
  );
  // Set to 0 directly: a product that underflows to 0 is slow, and with half of the scores masked,
  // as in causal attention, softmax took five times as long.
  return v128.andnot(value, f32x4.lt(below, least));
}

/**
 * Writes `raised` of a row.
 *
 * @param rest Address of 16 bytes of scratch.
 * @returns The sum of the written entries; NaN if any is. Eight entries are added up in float32.
 */
function raiseRow(x: usize, y: usize, width: i32, largest: f32, table: usize, rest: usize): f64 {
  const log2e = entry(table, offsetof<Table>("log2e"));
  const rounder = entry(table, offsetof<Table>("rounder"));
  const ln2High = entry(table, offsetof<Table>("ln2High"));
  const ln2Low = entry(table, offsetof<Table>("ln2Low"));
  const e6 = entry(table, offsetof<Table>("e6"));
  const e5 = entry(table, offsetof<Table>("e5"));
  const e4 = entry(table, offsetof<Table>("e4"));
  const e3 = entry(table, offsetof<Table>("e3"));
  const e2 = entry(table, offsetof<Table>("e2"));
  const one = entry(table, offsetof<Table>("one"));
  const least = entry(table, offsetof<Table>("least"));
  const raise = entry(table, offsetof<Table>("raise"));
  const most = f32x4.splat(largest);
  let sums = f64x2.splat(0);
  let end = x + (<usize> (width & ~7) << 2);
  for (; x < end; x += 32, y += 32) {
    const p = raised(
      v128.load(x), most, log2e, rounder, ln2High, ln2Low, e6, e5, e4, e3, e2, one, least, raise,
    );
    v128.store(y, p);
    const q = raised(
      v128.load(x, 16), most, log2e, rounder, ln2High, ln2Low, e6, e5, e4, e3, e2, one, least, raise,
    );
    v128.store(y, q, 16);
    sums = addWide(f32x4.add(p, q), sums);
  }
  end += <usize> (width & 7) << 2;
  for (; x < end; x += 16, y += 16) {
    const bytes = min<usize>(16, end - x);
    // Missing entries of a vector count as e^-Infinity.
    v128.store(rest, f32x4.splat(-Infinity));
    copyRun(x, rest, <i32> bytes >> 2);
    const p = raised(
      v128.load(rest), most, log2e, rounder, ln2High, ln2Low, e6, e5, e4, e3, e2, one, least, raise,
    );
    sums = addWide(p, sums);
    v128.store(rest, p);
    copyRun(rest, y, <i32> bytes >> 2);
  }
  return f64x2.extract_lane(sums, 0) + f64x2.extract_lane(sums, 1);
}

/** Offset in scratch of room for four entries, after the table. */
const REST: usize = 64;

/**
 * Computes e^(x - the largest x) of each row, over their sum, which is taken in float64. A row with
 * NaN, Infinity or only -Infinity is NaN: one entry makes the sum NaN, and so all of them.
 *
 * @param scratch Address of 80 bytes.
 */
export function softmax(x: usize, y: usize, rows: i32, width: i32, scratch: usize): void {
  fillTable(scratch);
  const bytes = <usize> width << 2;
  for (let row = 0; row < rows; row++) {
    const sum = raiseRow(x, y, width, largest(x, width), scratch, scratch + REST);
    scale(y, width, <f32> (1 / sum));
    x += bytes;
    y += bytes;
  }
}

/**
 * Computes the gradient of y = softmax x: y (dy - the sum of dy y over the row) of each row. Summed
 * in float64.
 */
export function softmaxGradient(y: usize, dy: usize, to: usize, rows: i32, width: i32): void {
  const bytes = <usize> width << 2;
  const whole = bytes & ~15;
  for (let row = 0; row < rows; row++) {
    let lower = f64x2.splat(0), upper = lower;
    let at: usize = 0;
    for (; at < whole; at += 16) {
      const a = v128.load(y + at), b = v128.load(dy + at);
      lower = madd64(low(a), low(b), lower);
      upper = madd64(high(a), high(b), upper);
    }
    let sum = total(f64x2.add(lower, upper));
    for (; at < bytes; at += 4) sum += <f64> load<f32>(y + at) * <f64> load<f32>(dy + at);
    const sums = f32x4.splat(<f32> sum);
    for (at = 0; at < whole; at += 16) {
      v128.store(to + at, f32x4.mul(v128.load(y + at), f32x4.sub(v128.load(dy + at), sums)));
    }
    for (; at < bytes; at += 4) {
      store<f32>(to + at, load<f32>(y + at) * (load<f32>(dy + at) - <f32> sum));
    }
    y += bytes;
    dy += bytes;
    to += bytes;
  }
}
