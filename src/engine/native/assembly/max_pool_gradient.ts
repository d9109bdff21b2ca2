import { areApart, clearEntries } from "./apart";
import { largest } from "./pooling";
import { Windows } from "./records";
import { endTap, entries, firstTap } from "./windows";

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
