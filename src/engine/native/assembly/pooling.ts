import { high, low } from "./lanes";
import { Windows } from "./records";
import { clearRun } from "./runs";
import { endTap, entries, firstTap } from "./windows";

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

/**
 * Adds dy at the first entry that equals `best` or is NaN. If the window `isAlone`, the entries are
 * still empty.
 */
// @ts-ignore: decorator
@inline
function give(
  from: usize,
  between: usize,
  rows: i32,
  row: usize,
  columns: i32,
  column: usize,
  dy: v128,
  isAlone: bool,
  isVector: bool,
): void {
  const best = largest(from, rows, row, columns, column, isVector);
  let left = i32x4.splat(-1);
  for (let i = 0; i < rows; i++, from += row) {
    let at = from;
    for (let j = 0; j < columns; j++, at += column) {
      const value = entries(at, isVector);
      const isBest = v128.or(f32x4.eq(value, best), f32x4.ne(value, value));
      const share = v128.and(dy, v128.and(isBest, left));
      left = v128.andnot(left, isBest);
      const before = isAlone ? f32x4.splat(0) : entries(at + between, isVector);
      const sum = f32x4.add(before, share);
      if (isVector) v128.store(at + between, sum);
      else store<f32>(at + between, f32x4.extract_lane(sum, 0));
    }
  }
}

/**
 * Passes the gradient of each window to its largest entry, the first of equal ones; NaN is larger
 * than any number. Computes the channels `start` .. `stop` of the images `image` .. `end`.
 */
export function maxPoolGradient(
  w: Windows,
  x: usize,
  dy: usize,
  dx: usize,
  image: i32,
  end: i32,
  start: i32,
  stop: i32,
): void {
  const isAlone = areApart(w);
  clearEntries(w, dx, image, end, start, stop);
  const bytes = <usize> w.channels << 2;
  const first = <usize> start << 2, last = <usize> stop << 2;
  const whole = first + ((last - first) & ~15);
  const column = <usize> w.dilationWidth * bytes;
  const line = <usize> (w.dilationHeight * w.width) * bytes;
  dy += <usize> (image * w.outHeight * w.outWidth) * bytes;
  for (; image < end; image++) {
    for (let outY = 0; outY < w.outHeight; outY++) {
      const y0 = outY * w.strideHeight - w.top;
      const firstY = firstTap(y0, w.dilationHeight);
      const rows = endTap(w.height - y0, w.dilationHeight, w.windowHeight) - firstY;
      for (let outX = 0; outX < w.outWidth; outX++, dy += bytes) {
        const x0 = outX * w.strideWidth - w.left;
        const firstX = firstTap(x0, w.dilationWidth);
        const columns = endTap(w.width - x0, w.dilationWidth, w.windowWidth) - firstX;
        const entry = (image * w.height + y0 + firstY * w.dilationHeight) * w.width + x0 +
          firstX * w.dilationWidth;
        const from = x + <usize> entry * bytes;
        for (let at = first; at < whole; at += 16) {
          const given = v128.load(dy + at);
          give(from + at, dx - x, rows, line, columns, column, given, isAlone, true);
        }
        for (let at = whole; at < last; at += 4) {
          const given = v128.load32_splat(dy + at);
          give(from + at, dx - x, rows, line, columns, column, given, isAlone, false);
        }
      }
    }
  }
}

/**
 * Shares the gradient of each window equally among the entries that it sees. Computes the channels
 * `start` .. `stop` of the images `image` .. `end`.
 */
export function averagePoolGradient(
  w: Windows,
  dy: usize,
  dx: usize,
  image: i32,
  end: i32,
  start: i32,
  stop: i32,
): void {
  const bytes = <usize> w.channels << 2;
  const first = <usize> start << 2, last = <usize> stop << 2;
  const whole = first + ((last - first) & ~15);
  const column = <usize> w.dilationWidth * bytes;
  const line = <usize> (w.dilationHeight * w.width) * bytes;
  const isAlone = areApart(w);
  clearEntries(w, dx, image, end, start, stop);
  dy += <usize> (image * w.outHeight * w.outWidth) * bytes;
  for (; image < end; image++) {
    for (let outY = 0; outY < w.outHeight; outY++) {
      const y0 = outY * w.strideHeight - w.top;
      const firstY = firstTap(y0, w.dilationHeight);
      const rows = max(0, endTap(w.height - y0, w.dilationHeight, w.windowHeight) - firstY);
      for (let outX = 0; outX < w.outWidth; outX++, dy += bytes) {
        const x0 = outX * w.strideWidth - w.left;
        const firstX = firstTap(x0, w.dilationWidth);
        const columns = max(0, endTap(w.width - x0, w.dilationWidth, w.windowWidth) - firstX);
        const share: f32 = <f32> 1 / <f32> max(1, rows * columns);
        const entry = (image * w.height + y0 + firstY * w.dilationHeight) * w.width + x0 +
          firstX * w.dilationWidth;
        let from = dx + <usize> entry * bytes;
        for (let i = 0; i < rows; i++, from += line) {
          let target = from;
          for (let j = 0; j < columns; j++, target += column) {
            giveShare(dy, target, first, whole, last, share, isAlone);
          }
        }
      }
    }
  }
}

/**
 * Adds the gradient of a window, times `share`, to one of its entries. If the window `isAlone`, the
 * entry is still empty.
 */
// @ts-ignore: decorator
@inline
function giveShare(
  dy: usize,
  to: usize,
  first: usize,
  whole: usize,
  last: usize,
  share: f32,
  isAlone: bool,
): void {
  const shares = f32x4.splat(share);
  let at = first;
  for (; at < whole; at += 16) {
    const before = isAlone ? f32x4.splat(0) : v128.load(to + at);
    v128.store(to + at, f32x4.add(before, f32x4.mul(v128.load(dy + at), shares)));
  }
  for (; at < last; at += 4) {
    const before: f32 = isAlone ? 0 : load<f32>(to + at);
    store<f32>(to + at, before + load<f32>(dy + at) * share);
  }
}

/** Returns true if no entry is in two windows. */
export function areApart(w: Windows): bool {
  return w.strideHeight > (w.windowHeight - 1) * w.dilationHeight &&
    w.strideWidth > (w.windowWidth - 1) * w.dilationWidth;
}

/** Returns true if windows that do not overlap leave no entry out. */
function coverAll(w: Windows): bool {
  return w.strideHeight == w.windowHeight && w.strideWidth == w.windowWidth &&
    w.top >= 0 && w.left >= 0 &&
    w.outHeight * w.strideHeight - w.top >= w.height &&
    w.outWidth * w.strideWidth - w.left >= w.width;
}

/**
 * Clears the channels `start` .. `stop` of the images `image` .. `end` for the gradient of a
 * pooling, unless it writes each entry exactly once, as it does for windows that do not overlap.
 */
export function clearEntries(
  w: Windows,
  dx: usize,
  image: i32,
  end: i32,
  start: i32,
  stop: i32,
): void {
  if (areApart(w) && coverAll(w)) return;
  const bytes = <usize> w.channels << 2;
  for (let i = image * w.height * w.width; i < end * w.height * w.width; i++) {
    clearRun(dx + <usize> i * bytes + (<usize> start << 2), stop - start);
  }
}
