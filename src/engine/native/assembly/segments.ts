import { clearRun, copyRun } from "./runs";

/** The end of a list of rows. */
const NONE: i32 = -1;

/** Adds a list of rows, `columns` entries of each (16, 4 or 1), in float64. */
// @ts-ignore: decorator
@inline
function addList(columns: i32, first: i32, nexts: usize, x: usize, rowBytes: usize, to: usize): void {
  if (columns == 1) {
    let sum: f64 = 0;
    for (let row = first; row != NONE; row = load<i32>(nexts + (<usize> row << 2))) {
      sum += <f64> load<f32>(x + <usize> row * rowBytes);
    }
    store<f32>(to, <f32> sum);
    return;
  }
  let a = f64x2.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
  for (let row = first; row != NONE; row = load<i32>(nexts + (<usize> row << 2))) {
    const from = x + <usize> row * rowBytes;
    a = f64x2.add(a, f64x2.promote_low_f32x4(v128.load64_zero(from)));
    b = f64x2.add(b, f64x2.promote_low_f32x4(v128.load64_zero(from, 8)));
    if (columns == 4) continue;
    c = f64x2.add(c, f64x2.promote_low_f32x4(v128.load64_zero(from, 16)));
    d = f64x2.add(d, f64x2.promote_low_f32x4(v128.load64_zero(from, 24)));
    e = f64x2.add(e, f64x2.promote_low_f32x4(v128.load64_zero(from, 32)));
    f = f64x2.add(f, f64x2.promote_low_f32x4(v128.load64_zero(from, 40)));
    g = f64x2.add(g, f64x2.promote_low_f32x4(v128.load64_zero(from, 48)));
    h = f64x2.add(h, f64x2.promote_low_f32x4(v128.load64_zero(from, 56)));
  }
  v128.store64_lane(to, f32x4.demote_f64x2_zero(a), 0);
  v128.store64_lane(to, f32x4.demote_f64x2_zero(b), 0, 8);
  if (columns == 4) return;
  v128.store64_lane(to, f32x4.demote_f64x2_zero(c), 0, 16);
  v128.store64_lane(to, f32x4.demote_f64x2_zero(d), 0, 24);
  v128.store64_lane(to, f32x4.demote_f64x2_zero(e), 0, 32);
  v128.store64_lane(to, f32x4.demote_f64x2_zero(f), 0, 40);
  v128.store64_lane(to, f32x4.demote_f64x2_zero(g), 0, 48);
  v128.store64_lane(to, f32x4.demote_f64x2_zero(h), 0, 56);
}

/**
 * Largest float64 copy of a result that is added to in place: the bytes that the L2 cache holds.
 */
const TABLE: i64 = 1 << 20;

/**
 * Returns true to add to a float64 copy of the result. From the whole shape: it must not depend on
 * threads.
 */
function isTable(rows: i32, width: i32, count: i32): bool {
  return rows >= 2 * count && (<i64> count * width << 3) <= TABLE;
}

/** Returns the bytes of scratch that `segmentSum` needs. */
export function segmentScratch(rows: i32, width: i32, count: i32): i32 {
  return isTable(rows, width, count) ? count * width << 3 : (rows + count) << 2;
}

/**
 * For segments of few rows, or too many segments for the cache: lists the rows of each first, so
 * that sums stay in registers.
 */
function addLists(
  x: usize,
  segments: usize,
  rows: i32,
  rowBytes: usize,
  count: i32,
  result: usize,
  run: i32,
  scratch: usize,
): void {
  const firsts = scratch;
  const nexts = scratch + (<usize> count << 2);
  for (let segment = 0; segment < count; segment++) {
    store<i32>(firsts + (<usize> segment << 2), NONE);
  }
  for (let row = rows - 1; row >= 0; row--) {
    const segment = load<i32>(segments + (<usize> row << 2));
    if (segment < 0 || segment >= count) continue;
    const first = firsts + (<usize> segment << 2);
    store<i32>(nexts + (<usize> row << 2), load<i32>(first));
    store<i32>(first, row);
  }
  for (let segment = 0; segment < count; segment++, result += rowBytes) {
    const first = load<i32>(firsts + (<usize> segment << 2));
    if (first == NONE) {
      clearRun(result, run);
    } else if (load<i32>(nexts + (<usize> first << 2)) == NONE) {
      copyRun(x + <usize> first * rowBytes, result, run);
    } else {
      let at: usize = 0;
      const end = <usize> run << 2;
      for (; at + 64 <= end; at += 64) addList(16, first, nexts, x + at, rowBytes, result + at);
      for (; at + 16 <= end; at += 16) addList(4, first, nexts, x + at, rowBytes, result + at);
      for (; at < end; at += 4) addList(1, first, nexts, x + at, rowBytes, result + at);
    }
  }
}

/** For segments of many rows: adds row by row to a float64 copy of the result. */
function addRows(
  x: usize,
  segments: usize,
  rows: i32,
  rowBytes: usize,
  count: i32,
  result: usize,
  run: i32,
  scratch: usize,
): void {
  const sumBytes = <usize> run << 3;
  memory.fill(scratch, 0, <usize> count * sumBytes);
  const wholeEnd = <usize> (run & ~3) << 2;
  const end = <usize> run << 2;
  for (let row = 0; row < rows; row++, x += rowBytes) {
    const segment = load<i32>(segments + (<usize> row << 2));
    if (segment < 0 || segment >= count) continue;
    let sum = scratch + <usize> segment * sumBytes;
    let at: usize = 0;
    for (; at < wholeEnd; at += 16, sum += 32) {
      const low = f64x2.promote_low_f32x4(v128.load64_zero(x + at));
      const high = f64x2.promote_low_f32x4(v128.load64_zero(x + at, 8));
      v128.store(sum, f64x2.add(v128.load(sum), low));
      v128.store(sum, f64x2.add(v128.load(sum, 16), high), 16);
    }
    for (; at < end; at += 4, sum += 8) store<f64>(sum, load<f64>(sum) + <f64> load<f32>(x + at));
  }
  let sum = scratch;
  for (let segment = 0; segment < count; segment++, result += rowBytes) {
    for (let at: usize = 0; at < end; at += 4, sum += 8) store<f32>(result + at, <f32> load<f64>(sum));
  }
}

/**
 * Adds each of `rows` rows of x to the row of the result that its segment names, in float64; rows
 * whose segment does not exist are dropped. Computes the columns `start` .. `stop` of `width`.
 *
 * @param scratch Address of `segmentScratch` bytes.
 */
export function segmentSum(
  x: usize,
  segments: usize,
  rows: i32,
  width: i32,
  count: i32,
  result: usize,
  start: i32,
  stop: i32,
  scratch: usize,
): void {
  if (stop <= start) return;
  const offset = <usize> start << 2;
  const from = x + offset, to = result + offset, rowBytes = <usize> width << 2;
  if (!isTable(rows, width, count)) addLists(from, segments, rows, rowBytes, count, to, stop - start, scratch);
  else addRows(from, segments, rows, rowBytes, count, to, stop - start, scratch);
}
