import { Windows } from "./records";
import { endTap, entries, firstTap } from "./windows";
import { high, low } from "./lanes";

/** Returns the mean of `rows` runs of `columns` entries, in float64; 0 of none. */
// @ts-ignore: decorator
@inline
function mean(
  from: usize,
  rows: i32,
  row: usize,
  columns: i32,
  column: usize,
  isVector: bool,
): v128 {
  let a = f64x2.splat(0), b = a;
  for (let i = 0; i < rows; i++, from += row) {
    let at = from;
    for (let j = 0; j < columns; j++, at += column) {
      const x = entries(at, isVector);
      a = f64x2.add(a, low(x));
      b = f64x2.add(b, high(x));
    }
  }
  const count = f64x2.splat(<f64> max(1, rows * columns));
  return v128.shuffle<f64>(
    f32x4.demote_f64x2_zero(f64x2.div(a, count)),
    f32x4.demote_f64x2_zero(f64x2.div(b, count)),
    0,
    2,
  );
}

/**
 * Returns the largest entries of `rows` runs of `columns` entries; NaN is larger than any number.
 */
// @ts-ignore: decorator
@inline
export function largest(
  from: usize,
  rows: i32,
  row: usize,
  columns: i32,
  column: usize,
  isVector: bool,
): v128 {
  let best = f32x4.splat(-Infinity);
  for (let i = 0; i < rows; i++, from += row) {
    let at = from;
    // "max" is NaN if either is.
    for (let j = 0; j < columns; j++, at += column) best = f32x4.max(best, entries(at, isVector));
  }
  return best;
}

/** Returns the pooled value of a window's visible entries: `rows` runs of `columns` of them. */
// @ts-ignore: decorator
@inline
function valueOf(
  isMean: bool,
  from: usize,
  rows: i32,
  row: usize,
  columns: i32,
  column: usize,
  isVector: bool,
): v128 {
  return isMean
    ? mean(from, rows, row, columns, column, isVector)
    : largest(from, rows, row, columns, column, isVector);
}

/** Computes the rows `start` .. `stop` of all images' outputs, numbered consecutively. */
// @ts-ignore: decorator
@inline
function poolRows(isMean: bool, w: Windows, x: usize, y: usize, start: i32, stop: i32): void {
  const bytes = <usize> w.channels << 2;
  const whole = bytes & ~15;
  const column = <usize> w.dilationWidth * bytes;
  const line = <usize> (w.dilationHeight * w.width) * bytes;
  y += <usize> (start * w.outWidth) * bytes;
  for (let row = start; row < stop; row++) {
    const image = row / w.outHeight;
    const y0 = (row - image * w.outHeight) * w.strideHeight - w.top;
    const firstY = firstTap(y0, w.dilationHeight);
    const rows = max(0, endTap(w.height - y0, w.dilationHeight, w.windowHeight) - firstY);
    for (let outX = 0; outX < w.outWidth; outX++, y += bytes) {
      const x0 = outX * w.strideWidth - w.left;
      const firstX = firstTap(x0, w.dilationWidth);
      const columns = max(0, endTap(w.width - x0, w.dilationWidth, w.windowWidth) - firstX);
      const entry = (image * w.height + y0 + firstY * w.dilationHeight) * w.width + x0 +
        firstX * w.dilationWidth;
      const from = x + <usize> entry * bytes;
      for (let at: usize = 0; at < whole; at += 16) {
        v128.store(y + at, valueOf(isMean, from + at, rows, line, columns, column, true));
      }
      for (let at = whole; at < bytes; at += 4) {
        const value = valueOf(isMean, from + at, rows, line, columns, column, false);
        store<f32>(y + at, f32x4.extract_lane(value, 0));
      }
    }
  }
}

/** Computes the mean of each window's visible entries; 0 if it is entirely in the padding. */
export function averagePool(w: Windows, x: usize, y: usize, start: i32, stop: i32): void {
  poolRows(true, w, x, y, start, stop);
}

/**
 * Computes the largest entry of each window; NaN is larger than any number, and a window entirely
 * in the padding gives -Infinity.
 */
export function maxPool(w: Windows, x: usize, y: usize, start: i32, stop: i32): void {
  poolRows(false, w, x, y, start, stop);
}
