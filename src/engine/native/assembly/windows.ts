import { Windows } from "./records";
import { clearRun, copyRun } from "./runs";

// @ts-ignore: decorator
@inline
export function isPointwise(w: Windows): bool {
  return w.windowDepth == 1 && w.windowHeight == 1 && w.windowWidth == 1 &&
    w.strideDepth == 1 && w.strideHeight == 1 && w.strideWidth == 1 &&
    w.front == 0 && w.top == 0 && w.left == 0 &&
    w.outDepth == w.depth && w.outHeight == w.height && w.outWidth == w.width;
}

/** Returns the number of entries of a window over all channels. */
// @ts-ignore: decorator
@inline
export function tapsOf(w: Windows): i32 {
  return w.windowDepth * w.windowHeight * w.windowWidth * w.channels;
}

/** Returns the number of output positions of an image. */
// @ts-ignore: decorator
@inline
export function positionsOf(w: Windows): i32 {
  return w.outDepth * w.outHeight * w.outWidth;
}

/** Returns the bytes of an image. */
// @ts-ignore: decorator
@inline
export function imageBytes(w: Windows): usize {
  return <usize> (w.depth * w.height * w.width * w.channels) << 2;
}

/** Start of the window of an output position. */
@unmanaged
export class Place {
  /** Address of its image. */
  image: usize;
  z: i32;
  y: i32;
  x: i32;
}

/** Bytes of a place. */
export const PLACE: usize = offsetof<Place>();

/**
 * Writes the places of `count` output positions from `first` on, numbered consecutively through all
 * images.
 */
export function fillPlaces(w: Windows, images: usize, first: i32, count: i32, to: usize): void {
  let outX = first % w.outWidth;
  let outY = first / w.outWidth % w.outHeight;
  let outZ = first / w.outWidth / w.outHeight % w.outDepth;
  let image = images + <usize> (first / positionsOf(w)) * imageBytes(w);
  const step = i32x4.replace_lane(i32x4.splat(0), 3, w.strideWidth);
  for (const end = to + <usize> count * PLACE; to < end;) {
    // Along a row a place is a vector, whose last lane moves on.
    let place = i32x4.splat(<i32> image);
    place = i32x4.replace_lane(place, 1, outZ * w.strideDepth - w.front);
    place = i32x4.replace_lane(place, 2, outY * w.strideHeight - w.top);
    place = i32x4.replace_lane(place, 3, outX * w.strideWidth - w.left);
    const row = min(end, to + <usize> (w.outWidth - outX) * PLACE);
    for (; to < row; to += PLACE, place = i32x4.add(place, step)) v128.store(to, place);
    outX = 0;
    if (++outY < w.outHeight) continue;
    outY = 0;
    if (++outZ < w.outDepth) continue;
    outZ = 0;
    image += imageBytes(w);
  }
}

/**
 * Returns true if a window has no gaps, and does not leave the image on the left or on the right.
 */
// @ts-ignore: decorator
@inline
export function isAcross(w: Windows, place: usize): bool {
  const x = changetype<Place>(place).x;
  return w.dilationWidth == 1 && x >= 0 && x + w.windowWidth <= w.width;
}

/**
 * Entries of a line from which on windows are packed one by one, and positions of a row below which
 * they are.
 */
const LONG_LINE: i32 = 12, SHORT_ROW: i32 = 12;

/**
 * Returns true if it is faster to unroll each entry of a window for many positions than each window
 * entry by entry: if lines are short, as over a picture of one or three channels, and rows are not.
 * Lines in fours are packed as they are.
 */
// @ts-ignore: decorator
@inline
export function isNarrow(w: Windows): bool {
  const across = w.windowWidth * w.channels;
  return across < LONG_LINE && (across & 3) != 0 && w.outWidth >= SHORT_ROW;
}

/**
 * Returns the address of entry (`tapZ`, `tapY`, 0) of a window, or 0 if that line leaves the image.
 */
// @ts-ignore: decorator
@inline
export function lineAt(w: Windows, place: usize, tapZ: i32, tapY: i32): usize {
  const p = changetype<Place>(place);
  const z = p.z + tapZ * w.dilationDepth, y = p.y + tapY * w.dilationHeight;
  if (z < 0 || z >= w.depth || y < 0 || y >= w.height) return 0;
  return p.image + <usize> ((((z * w.height + y) * w.width) + p.x) * w.channels << 2);
}

/**
 * Unrolls the entries `from` .. `from + run` of a line of a window that leaves its image on the
 * side, or has gaps.
 */
export function unrollLine(
  w: Windows,
  place: usize,
  line: usize,
  from: i32,
  run: i32,
  to: usize,
): void {
  const channels = w.channels, x0 = changetype<Place>(place).x;
  for (const until = from + run; from < until;) {
    const tap = from / channels, channel = from - tap * channels;
    const count = min(channels - channel, until - from);
    const x = x0 + tap * w.dilationWidth;
    if (x < 0 || x >= w.width) clearRun(to, count);
    else copyRun(line + (<usize> (tap * w.dilationWidth * channels + channel) << 2), to, count);
    to += <usize> count << 2;
    from += count;
  }
}

/**
 * Unrolls the window of one place: its entries [plane, row, column, channel] in `start` .. `stop`;
 * 0 outside the image.
 */
export function unroll(w: Windows, place: usize, start: i32, stop: i32, to: usize): void {
  const across = w.windowWidth * w.channels;
  const isWhole = isAcross(w, place);
  const firstLine = start / across;
  let tapZ = firstLine / w.windowHeight, tapY = firstLine - tapZ * w.windowHeight;
  let first = firstLine * across;
  for (let at = start; at < stop;) {
    const run = min(stop, first + across) - at;
    const line = lineAt(w, place, tapZ, tapY);
    if (line == 0) clearRun(to, run);
    else if (isWhole) copyRun(line + (<usize> (at - first) << 2), to, run);
    else unrollLine(w, place, line, at - first, run, to);
    to += <usize> run << 2;
    at += run;
    first += across;
    if (++tapY == w.windowHeight) {
      tapY = 0;
      tapZ++;
    }
  }
}

/** Returns the first tap of a window inside the image, which begins `from` entries on. */
// @ts-ignore: decorator
@inline
export function firstTap(from: i32, dilation: i32): i32 {
  return from < 0 ? (dilation - 1 - from) / dilation : 0;
}

/**
 * Returns the index after the last tap of a window inside the image, which ends `left` entries on.
 */
// @ts-ignore: decorator
@inline
export function endTap(left: i32, dilation: i32, window: i32): i32 {
  return left <= 0 ? 0 : min(window, (left + dilation - 1) / dilation);
}

/** Returns four entries at `at`, or one on every lane. */
// @ts-ignore: decorator
@inline
export function entries(at: usize, isVector: bool): v128 {
  return isVector ? v128.load(at) : v128.load32_splat(at);
}
