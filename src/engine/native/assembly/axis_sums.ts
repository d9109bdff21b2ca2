import { low, wide } from "./lanes";

/** Columns summed at a time: one cache line. */
const UNIT: i32 = 16;
/** Entries from which on a run is summed alone; shorter ones are summed in pairs. */
const LONG: i32 = 32;

/** Returns the number of units to share between threads: see `axisSums`. */
export function axisSumUnits(blocks: i32, width: i32): i32 {
  return blocks * ((width + UNIT - 1) / UNIT);
}

/** Divides two sums and stores them, as float64 or float32, from the entry `index` on. */
// @ts-ignore: decorator
@inline
function put(sums: v128, divisor: f64, isWide: bool, result: usize, index: i32): void {
  const quotients = f64x2.div(sums, f64x2.splat(divisor));
  if (isWide) v128.store(result + (<usize> index << 3), quotients);
  else v128.store64_lane(result + (<usize> index << 2), f32x4.demote_f64x2_zero(quotients), 0);
}

/** Stores one sum in the same way. */
// @ts-ignore: decorator
@inline
function putOne(sum: f64, divisor: f64, isWide: bool, result: usize, index: i32): void {
  if (isWide) store<f64>(result + (<usize> index << 3), sum / divisor);
  else store<f32>(result + (<usize> index << 2), <f32> (sum / divisor));
}

/** Returns the sum of a long run of entries. */
function runSum(from: usize, count: i32): f64 {
  let a = f64x2.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
  const end = from + (<usize> count << 2);
  for (; from + 64 <= end; from += 64) {
    a = f64x2.add(a, wide(from));
    b = f64x2.add(b, wide(from + 8));
    c = f64x2.add(c, wide(from + 16));
    d = f64x2.add(d, wide(from + 24));
    e = f64x2.add(e, wide(from + 32));
    f = f64x2.add(f, wide(from + 40));
    g = f64x2.add(g, wide(from + 48));
    h = f64x2.add(h, wide(from + 56));
  }
  for (; from + 8 <= end; from += 8) a = f64x2.add(a, wide(from));
  a = f64x2.add(f64x2.add(f64x2.add(a, c), f64x2.add(e, g)), f64x2.add(f64x2.add(b, d), f64x2.add(f, h)));
  const last: f64 = from < end ? <f64> load<f32>(from) : 0;
  return f64x2.extract_lane(a, 0) + f64x2.extract_lane(a, 1) + last;
}

/** Returns the sums of two runs of `bytes` at `p` and `q`, one per lane. */
// @ts-ignore: decorator
@inline
function twoRunSums(p: usize, q: usize, bytes: usize): v128 {
  let x = f64x2.splat(0), y = x;
  let at: usize = 0;
  for (; at + 8 <= bytes; at += 8) {
    x = f64x2.add(x, wide(p + at));
    y = f64x2.add(y, wide(q + at));
  }
  const sums = f64x2.add(v128.shuffle<f64>(x, y, 0, 2), v128.shuffle<f64>(x, y, 1, 3));
  if (at == bytes) return sums;
  const last = v128.load_lane<f32>(q + at, v128.load32_zero(p + at), 1);
  return f64x2.add(sums, low(last));
}

/** Sums four columns, or two if `isPair`: four rows at a time, each with separate sums. */
// @ts-ignore: decorator
@inline
function fewColumns(
  isPair: bool,
  from: usize,
  row: usize,
  rows: i32,
  divisor: f64,
  isWide: bool,
  result: usize,
  index: i32,
): void {
  let a = f64x2.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
  let i = 0;
  for (; i + 4 <= rows; i += 4) {
    a = f64x2.add(a, wide(from));
    b = f64x2.add(b, wide(from + row));
    c = f64x2.add(c, wide(from + 2 * row));
    d = f64x2.add(d, wide(from + 3 * row));
    if (!isPair) {
      e = f64x2.add(e, wide(from + 8));
      f = f64x2.add(f, wide(from + row + 8));
      g = f64x2.add(g, wide(from + 2 * row + 8));
      h = f64x2.add(h, wide(from + 3 * row + 8));
    }
    from += 4 * row;
  }
  for (; i < rows; i++, from += row) {
    a = f64x2.add(a, wide(from));
    if (!isPair) e = f64x2.add(e, wide(from + 8));
  }
  put(f64x2.add(f64x2.add(a, b), f64x2.add(c, d)), divisor, isWide, result, index);
  if (!isPair) put(f64x2.add(f64x2.add(e, f), f64x2.add(g, h)), divisor, isWide, result, index + 2);
}

/**
 * Sums over the middle axis of [blocks, rows, width] float32, accumulated in float64 and divided.
 * Computes the units `start` .. `stop` of all blocks' units, numbered consecutively: up to 16
 * columns each.
 *
 * @param isWide True if the results are float64, for a sum that continues.
 */
export function axisSums(
  x: usize,
  rows: i32,
  width: i32,
  result: usize,
  divisor: f64,
  isWide: bool,
  start: i32,
  stop: i32,
): void {
  if (width == 1) {
    const run = <usize> rows << 2;
    let from = x + <usize> start * run;
    let block = start;
    if (rows < LONG) {
      for (; block + 2 <= stop; block += 2, from += 2 * run) {
        put(twoRunSums(from, from + run, run), divisor, isWide, result, block);
      }
    }
    for (; block < stop; block++, from += run) {
      const sum = rows < LONG ? f64x2.extract_lane(twoRunSums(from, from, run), 0) : runSum(from, rows);
      putOne(sum, divisor, isWide, result, block);
    }
    return;
  }
  const row = <usize> width << 2;
  const units = (width + UNIT - 1) / UNIT;
  for (let unit = start; unit < stop; unit++) {
    const block = unit / units;
    let column = (unit - block * units) * UNIT;
    const end = min(column + UNIT, width);
    const entries = x + <usize> block * rows * row;
    const target = block * width;
    if (column + UNIT == end) {
      let from = entries + (<usize> column << 2);
      let a = f64x2.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
      for (let i = 0; i < rows; i++, from += row) {
        a = f64x2.add(a, wide(from));
        b = f64x2.add(b, wide(from + 8));
        c = f64x2.add(c, wide(from + 16));
        d = f64x2.add(d, wide(from + 24));
        e = f64x2.add(e, wide(from + 32));
        f = f64x2.add(f, wide(from + 40));
        g = f64x2.add(g, wide(from + 48));
        h = f64x2.add(h, wide(from + 56));
      }
      const index = target + column;
      put(a, divisor, isWide, result, index);
      put(b, divisor, isWide, result, index + 2);
      put(c, divisor, isWide, result, index + 4);
      put(d, divisor, isWide, result, index + 6);
      put(e, divisor, isWide, result, index + 8);
      put(f, divisor, isWide, result, index + 10);
      put(g, divisor, isWide, result, index + 12);
      put(h, divisor, isWide, result, index + 14);
      continue;
    }
    for (; column + 4 <= end; column += 4) {
      const from = entries + (<usize> column << 2);
      fewColumns(false, from, row, rows, divisor, isWide, result, target + column);
    }
    for (; column + 2 <= end; column += 2) {
      const from = entries + (<usize> column << 2);
      fewColumns(true, from, row, rows, divisor, isWide, result, target + column);
    }
    if (column < end) {
      let from = entries + (<usize> column << 2);
      let sum: f64 = 0, other: f64 = 0;
      let i = 0;
      for (; i + 2 <= rows; i += 2, from += 2 * row) {
        sum += <f64> load<f32>(from);
        other += <f64> load<f32>(from + row);
      }
      if (i < rows) sum += <f64> load<f32>(from);
      putOne(sum + other, divisor, isWide, result, target + column);
    }
  }
}
