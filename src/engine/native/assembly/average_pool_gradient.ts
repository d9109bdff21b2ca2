import { areApart, clearEntries } from "./apart";
import { Windows } from "./records";
import { endTap, firstTap } from "./windows";

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
