import { clearRun } from "./runs";
import { Windows } from "./records";

/**
 * Hands the gradient of each window to its largest entry, to the first one of equals; NaN is larger than
 * any number. Computes the channels `start` .. `stop`.
 */
export function maxPoolGradient(
  w: Windows,
  x: usize,
  dy: usize,
  dx: usize,
  start: i32,
  stop: i32,
): void {
  const channels = w.channels;
  for (let i = 0; i < w.batch * w.height * w.width; i++) {
    clearRun(dx + (<usize> (i * channels + start) << 2), stop - start);
  }
  let gradient = dy;
  for (let row = 0; row < w.batch * w.outHeight; row++) {
    const image = row / w.outHeight;
    const y0 = row % w.outHeight * w.strideHeight - w.top;
    for (let outX = 0; outX < w.outWidth; outX++, gradient += <usize> channels << 2) {
      const x0 = outX * w.strideWidth - w.left;
      for (let channel = start; channel < stop; channel += 4) {
        const lanes = min(4, stop - channel);
        let best = f32x4.splat(-Infinity);
        let where = i32x4.splat(-1);
        for (let i = 0; i < w.windowHeight; i++) {
          const y = y0 + i * w.dilationHeight;
          if (y < 0 || y >= w.height) continue;
          for (let j = 0; j < w.windowWidth; j++) {
            const column = x0 + j * w.dilationWidth;
            if (column < 0 || column >= w.width) continue;
            const entry = ((image * w.height + y) * w.width + column) * channels + channel;
            const value = lanes == 4
              ? v128.load(x + (<usize> entry << 2))
              : loadLanes(x + (<usize> entry << 2), lanes);
            // The first entry, a larger one, or NaN where there was none.
            const isNaN = v128.andnot(f32x4.ne(value, value), f32x4.ne(best, best));
            const better = v128.or(
              v128.or(f32x4.gt(value, best), isNaN),
              i32x4.lt_s(where, i32x4.splat(0)),
            );
            best = v128.bitselect(value, best, better);
            where = v128.bitselect(i32x4.splat(entry), where, better);
          }
        }
        const dys = gradient + (<usize> channel << 2);
        give(dx, i32x4.extract_lane(where, 0), 0, dys);
        if (lanes > 1) give(dx, i32x4.extract_lane(where, 1), 1, dys);
        if (lanes > 2) give(dx, i32x4.extract_lane(where, 2), 2, dys);
        if (lanes > 3) give(dx, i32x4.extract_lane(where, 3), 3, dys);
      }
    }
  }
}

/** The first one to three of four lanes; what lies beyond may not be memory. */
function loadLanes(at: usize, lanes: i32): v128 {
  let value = v128.load32_zero(at);
  if (lanes > 1) value = v128.load_lane<f32>(at, value, 1, 4);
  if (lanes > 2) value = v128.load_lane<f32>(at, value, 2, 8);
  return value;
}

/** A window that lies in the padding altogether has no entry: `entry` is -1 then. */
// @ts-ignore: decorator
@inline
function give(dx: usize, entry: i32, lane: i32, dys: usize): void {
  if (entry < 0) return;
  const at = dx + (<usize> (entry + lane) << 2);
  store<f32>(at, load<f32>(at) + load<f32>(dys + (<usize> lane << 2)));
}

/**
 * The largest entry of each window; NaN is larger than any number, and a window that lies in the padding
 * altogether has -Infinity. Computes the rows `start` .. `stop` of all images' outputs, counted through.
 */
export function maxPool(w: Windows, x: usize, y: usize, start: i32, stop: i32): void {
  const channels = w.channels;
  const bytes = <usize> channels << 2;
  const whole = bytes & ~15;
  y += <usize> (start * w.outWidth) * bytes;
  for (let row = start; row < stop; row++) {
    const image = row / w.outHeight;
    const y0 = (row - image * w.outHeight) * w.strideHeight - w.top;
    const firstY = y0 < 0 ? (w.dilationHeight - 1 - y0) / w.dilationHeight : 0;
    const endY = taps(w.height - y0, w.dilationHeight, w.windowHeight);
    for (let outX = 0; outX < w.outWidth; outX++, y += bytes) {
      const x0 = outX * w.strideWidth - w.left;
      const firstX = x0 < 0 ? (w.dilationWidth - 1 - x0) / w.dilationWidth : 0;
      const endX = taps(w.width - x0, w.dilationWidth, w.windowWidth);
      for (let at: usize = 0; at < bytes; at += at < whole ? 16 : 4) {
        let best = f32x4.splat(-Infinity);
        for (let i = firstY; i < endY; i++) {
          const line = (image * w.height + y0 + i * w.dilationHeight) * w.width + x0;
          let entry = x + <usize> (line + firstX * w.dilationWidth) * bytes + at;
          for (let j = firstX; j < endX; j++, entry += <usize> w.dilationWidth * bytes) {
            const value = at < whole ? v128.load(entry) : v128.load32_splat(entry);
            // "max" is NaN where either is.
            best = f32x4.max(best, value);
          }
        }
        if (at < whole) v128.store(y + at, best);
        else store<f32>(y + at, f32x4.extract_lane(best, 0));
      }
    }
  }
}

/** The end of the taps of a window that lie before `left` entries have passed. */
// @ts-ignore: decorator
@inline
function taps(left: i32, dilation: i32, window: i32): i32 {
  return left <= 0 ? 0 : min(window, (left + dilation - 1) / dilation);
}
