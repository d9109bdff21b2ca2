import { high, low, madd64, total, wide } from "./lanes";
import { Normalize } from "./records";

/** Columns summed at a time: one cache line. */
const WIDE_UNIT: i32 = 16;

/** Adds up the squared sums of `width` columns of float32, with `row` bytes between rows. */
export function columnSquares(x: usize, row: usize, rows: i32, width: i32, result: usize): void {
  let squares = f64x2.splat(0);
  let column = 0;
  for (; column + WIDE_UNIT <= width; column += WIDE_UNIT) {
    let at = x + (<usize> column << 2);
    let a = f64x2.splat(0), b = a, c = a, d = a, e = a, f = a, g = a, h = a;
    for (let i = 0; i < rows; i++, at += row) {
      a = f64x2.add(a, wide(at));
      b = f64x2.add(b, wide(at + 8));
      c = f64x2.add(c, wide(at + 16));
      d = f64x2.add(d, wide(at + 24));
      e = f64x2.add(e, wide(at + 32));
      f = f64x2.add(f, wide(at + 40));
      g = f64x2.add(g, wide(at + 48));
      h = f64x2.add(h, wide(at + 56));
    }
    squares = madd64(a, a, madd64(b, b, madd64(c, c, madd64(d, d, squares))));
    squares = madd64(e, e, madd64(f, f, madd64(g, g, madd64(h, h, squares))));
  }
  for (; column + 2 <= width; column += 2) {
    let at = x + (<usize> column << 2);
    let sums = f64x2.splat(0);
    for (let i = 0; i < rows; i++, at += row) sums = f64x2.add(sums, wide(at));
    squares = madd64(sums, sums, squares);
  }
  let last: f64 = 0;
  if (column < width) {
    let at = x + (<usize> column << 2);
    for (let i = 0; i < rows; i++, at += row) last += <f64> load<f32>(at);
  }
  store<f64>(result, total(squares) + last * last);
}

/**
 * Computes the means of `width` columns of float32, with `row` bytes between rows, followed by
 * their squared deviations, all as float64. Deviations are taken from the first row: its squared
 * distance from a mean is at most `rows` times the variance of the column.
 */
export function columns(x: usize, row: usize, rows: i32, width: i32, means: usize): void {
  const n = <f64> rows;
  const deviations = <usize> width << 3;
  let column = 0;
  for (; column + 4 <= width; column += 4, x += 16, means += 32) {
    const originA = wide(x), originB = wide(x + 8);
    let a = f64x2.splat(0), b = a, squaresA = a, squaresB = a;
    let at = x;
    for (let i = 0; i < rows; i++, at += row) {
      const p = f64x2.sub(wide(at), originA);
      const q = f64x2.sub(wide(at + 8), originB);
      a = f64x2.add(a, p);
      b = f64x2.add(b, q);
      squaresA = madd64(p, p, squaresA);
      squaresB = madd64(q, q, squaresB);
    }
    putPair(originA, a, squaresA, n, means, deviations);
    putPair(originB, b, squaresB, n, means + 16, deviations);
  }
  for (; column < width; column++, x += 4, means += 8) {
    const origin = <f64> load<f32>(x);
    let sum: f64 = 0, squares: f64 = 0;
    let at = x;
    for (let i = 0; i < rows; i++, at += row) {
      const deviation = <f64> load<f32>(at) - origin;
      sum += deviation;
      squares += deviation * deviation;
    }
    store<f64>(means, origin + sum / n);
    store<f64>(means + deviations, max<f64>(0, squares - sum * (sum / n)));
  }
}

/**
 * Stores the results of two columns, from the sums and the squares of their deviations from
 * `origin`.
 */
// @ts-ignore: decorator
@inline
function putPair(
  origin: v128,
  sums: v128,
  squares: v128,
  n: f64,
  means: usize,
  deviations: usize,
): void {
  const shift = f64x2.div(sums, f64x2.splat(n));
  v128.store(means, f64x2.add(origin, shift));
  // Rounding may give a negative number; `max` of a NaN is NaN.
  const squared = f64x2.sub(squares, f64x2.mul(sums, shift));
  v128.store(means + deviations, f64x2.max(f64x2.splat(0), squared));
}

/** Entries of a block of rows, for the L1 cache, and minimum number of rows. */
const BLOCK: i32 = 8192, LEAST: i32 = 32;
/** Columns processed at a time. */
export const UNIT: i32 = 8;

/**
 * Returns the number of rows summed separately: it only depends on the width, so that no bit
 * depends on the threads.
 */
export function rowsOfBlock(width: i32): i32 {
  return max(LEAST, BLOCK / max(width, 1));
}

/** Returns the number of such blocks. */
export function blocksOf(rows: i32, width: i32): i32 {
  const block = rowsOfBlock(width);
  return (rows + block - 1) / block;
}

/** Returns x, or 0 if it is NaN or infinite: the origin of a column's deviations. */
// @ts-ignore: decorator
@inline
function finite(x: v128): v128 {
  const difference = f32x4.sub(x, x);
  return v128.and(x, f32x4.eq(difference, difference));
}

/**
 * Computes, for the blocks `start` .. `stop` of rows, each column's sum of deviations from its
 * first entry, and, `width` entries on, of their squares, in float64. With `dy`: the sum of dy, and
 * that of dy (x - mean).
 */
export function columnSums(n: Normalize, start: i32, stop: i32): void {
  const width = n.width;
  const row = <usize> width << 2;
  const block = rowsOfBlock(width);
  const second = <usize> width << 3;
  for (let b = start; b < stop; b++) {
    const first = b * block;
    const count = min(block, n.rows - first);
    const offset = <usize> first * row;
    let sums = n.partials + <usize> b * 2 * second;
    let column = 0;
    for (; column + UNIT <= width; column += UNIT, sums += 64) {
      const at = <usize> column << 2;
      if (n.dy) gradientSums(n, offset + at, at, row, count, sums, second);
      else momentSums(n, offset + at, at, row, count, sums, second);
    }
    for (; column < width; column++, sums += 8) {
      const at = <usize> column << 2;
      const origin = <f64> (n.dy ? load<f32>(n.mean + at) : originOf(load<f32>(n.x + at)));
      let sum: f64 = 0, product: f64 = 0;
      for (let i = 0, entry = offset + at; i < count; i++, entry += row) {
        const deviation = <f64> load<f32>(n.x + entry) - origin;
        const factor = n.dy ? <f64> load<f32>(n.dy + entry) : deviation;
        sum += factor;
        product += factor * deviation;
      }
      store<f64>(sums, sum);
      store<f64>(sums + second, product);
    }
  }
}

/** Returns `finite` of one number. */
// @ts-ignore: decorator
@inline
export function originOf(x: f32): f32 {
  return x - x == 0 ? x : 0;
}

/** Sums eight columns of a block, without `dy`. */
// @ts-ignore: decorator
@inline
function momentSums(
  n: Normalize,
  entry: usize,
  at: usize,
  row: usize,
  count: i32,
  sums: usize,
  second: usize,
): void {
  const p = finite(v128.load(n.x + at)), q = finite(v128.load(n.x + at, 16));
  const p0 = low(p), p1 = high(p), q0 = low(q), q1 = high(q);
  let a = f64x2.splat(0), b = a, c = a, d = a, aa = a, bb = a, cc = a, dd = a;
  let from = n.x + entry;
  for (let i = 0; i < count; i++, from += row) {
    const x = v128.load(from), y = v128.load(from, 16);
    const x0 = f64x2.sub(low(x), p0), x1 = f64x2.sub(high(x), p1);
    const y0 = f64x2.sub(low(y), q0), y1 = f64x2.sub(high(y), q1);
    a = f64x2.add(a, x0);
    b = f64x2.add(b, x1);
    c = f64x2.add(c, y0);
    d = f64x2.add(d, y1);
    aa = madd64(x0, x0, aa);
    bb = madd64(x1, x1, bb);
    cc = madd64(y0, y0, cc);
    dd = madd64(y1, y1, dd);
  }
  putSums(a, b, c, d, sums);
  putSums(aa, bb, cc, dd, sums + second);
}

/** Sums the same with `dy`. */
// @ts-ignore: decorator
@inline
function gradientSums(
  n: Normalize,
  entry: usize,
  at: usize,
  row: usize,
  count: i32,
  sums: usize,
  second: usize,
): void {
  const p = v128.load(n.mean + at), q = v128.load(n.mean + at, 16);
  let a = f64x2.splat(0), b = a, c = a, d = a, aa = a, bb = a, cc = a, dd = a;
  let from = n.x + entry;
  const between = n.dy - n.x;
  for (let i = 0; i < count; i++, from += row) {
    const x = f32x4.sub(v128.load(from), p), y = f32x4.sub(v128.load(from, 16), q);
    const dx = v128.load(from + between), dy = v128.load(from + between, 16);
    const dx0 = low(dx), dx1 = high(dx), dy0 = low(dy), dy1 = high(dy);
    a = f64x2.add(a, dx0);
    b = f64x2.add(b, dx1);
    c = f64x2.add(c, dy0);
    d = f64x2.add(d, dy1);
    aa = madd64(dx0, low(x), aa);
    bb = madd64(dx1, high(x), bb);
    cc = madd64(dy0, low(y), cc);
    dd = madd64(dy1, high(y), dd);
  }
  putSums(a, b, c, d, sums);
  putSums(aa, bb, cc, dd, sums + second);
}

// @ts-ignore: decorator
@inline
export function putSums(a: v128, b: v128, c: v128, d: v128, to: usize): void {
  v128.store(to, a);
  v128.store(to, b, 16);
  v128.store(to, c, 32);
  v128.store(to, d, 48);
}

/** Returns the sum of one column's entries of all blocks; `at` points to the first. */
export function sumBlocks(at: usize, blocks: i32, width: i32): f64 {
  let sum: f64 = 0;
  for (let b = 0; b < blocks; b++, at += <usize> width << 4) sum += load<f64>(at);
  return sum;
}
