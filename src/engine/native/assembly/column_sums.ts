import { high, low, madd64 } from "./lanes";
import { Normalize } from "./records";

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
