import { gemm, GEMM_SCRATCH, LONG_SUMS, packFlag, ROWS } from "./gemm";
import { addToSums, writeSums } from "./long_sums";
import { addRun, clearRun, copyRun } from "./runs";
import { Windows } from "./records";

/** Output positions that are unrolled into columns at a time: fewer where a window is large. */
// @ts-ignore: decorator
@inline
function positionsAtOnce(width: i32, most: i32): i32 {
  return min(most, max(COLUMNS / width, 1));
}

/** Most entries of an unrolled block, unless one position alone has more: 1 MiB. */
const COLUMNS: i32 = 1 << 18;
/** A block that is summed over is as deep as a tile of `gemm`. */
const SUMMED: i32 = 384;

// @ts-ignore: decorator
@inline
function isPointwise(w: Windows): bool {
  return w.windowDepth == 1 && w.windowHeight == 1 && w.windowWidth == 1 &&
    w.strideDepth == 1 && w.strideHeight == 1 && w.strideWidth == 1 &&
    w.front == 0 && w.top == 0 && w.left == 0 &&
    w.outDepth == w.depth && w.outHeight == w.height && w.outWidth == w.width;
}

/** Entries of a window over all channels. */
// @ts-ignore: decorator
@inline
function tapsOf(w: Windows): i32 {
  return w.windowDepth * w.windowHeight * w.windowWidth * w.channels;
}

/** Output positions of an image. */
// @ts-ignore: decorator
@inline
function positionsOf(w: Windows): i32 {
  return w.outDepth * w.outHeight * w.outWidth;
}

/** Bytes of an image. */
// @ts-ignore: decorator
@inline
function imageBytes(w: Windows): usize {
  return <usize> (w.depth * w.height * w.width * w.channels) << 2;
}

/**
 * Unrolls the windows of `count` output positions of one image, one a row: the entries
 * [plane, row, column, channel] of a window that lie in `start` .. `stop`; 0 where the window leaves the
 * image.
 */
function unroll(
  w: Windows,
  image: usize,
  position: i32,
  count: i32,
  start: i32,
  stop: i32,
  to: usize,
): void {
  const channels = w.channels;
  const across = w.windowWidth * channels;
  const firstLine = start / across;
  const firstZ = firstLine / w.windowHeight;
  const firstY = firstLine - firstZ * w.windowHeight;
  let outX = position % w.outWidth;
  let outY = position / w.outWidth % w.outHeight;
  let outZ = position / w.outWidth / w.outHeight;
  for (let i = 0; i < count; i++) {
    const z0 = outZ * w.strideDepth - w.front;
    const y0 = outY * w.strideHeight - w.top;
    const x0 = outX * w.strideWidth - w.left;
    if (++outX == w.outWidth) {
      outX = 0;
      if (++outY == w.outHeight) {
        outY = 0;
        outZ++;
      }
    }
    const inside = w.dilationWidth == 1 && x0 >= 0 && x0 + w.windowWidth <= w.width;
    let tapZ = firstZ;
    let tapY = firstY;
    for (let line = firstLine; line * across < stop; line++) {
      const z = z0 + tapZ * w.dilationDepth;
      const y = y0 + tapY * w.dilationHeight;
      if (++tapY == w.windowHeight) {
        tapY = 0;
        tapZ++;
      }
      const from = max(start, line * across);
      const until = min(stop, (line + 1) * across);
      if (z < 0 || z >= w.depth || y < 0 || y >= w.height) {
        clearRun(to, until - from);
        to += <usize> (until - from) << 2;
        continue;
      }
      const row = (z * w.height + y) * w.width;
      if (inside) {
        const entry = (row + x0) * channels + from - line * across;
        copyRun(image + (<usize> entry << 2), to, until - from);
        to += <usize> (until - from) << 2;
        continue;
      }
      for (let at = from; at < until;) {
        const j = (at - line * across) / channels;
        const channel = at - line * across - j * channels;
        const run = min(channels - channel, until - at);
        const x = x0 + j * w.dilationWidth;
        if (x < 0 || x >= w.width) clearRun(to, run);
        else copyRun(image + (<usize> ((row + x) * channels + channel) << 2), to, run);
        to += <usize> run << 2;
        at += run;
      }
    }
  }
}

/** The other way round: adds unrolled windows to the rows `firstRow` .. `endRow` of an image's planes. */
function rollUp(
  w: Windows,
  columns: usize,
  position: i32,
  count: i32,
  image: usize,
  firstRow: i32,
  endRow: i32,
): void {
  const channels = w.channels;
  const across = w.windowWidth * channels;
  let outX = position % w.outWidth;
  let outY = position / w.outWidth % w.outHeight;
  let outZ = position / w.outWidth / w.outHeight;
  for (let n = 0; n < count; n++) {
    const z0 = outZ * w.strideDepth - w.front;
    const y0 = outY * w.strideHeight - w.top;
    const x0 = outX * w.strideWidth - w.left;
    if (++outX == w.outWidth) {
      outX = 0;
      if (++outY == w.outHeight) {
        outY = 0;
        outZ++;
      }
    }
    const inside = w.dilationWidth == 1 && x0 >= 0 && x0 + w.windowWidth <= w.width;
    for (let tapZ = 0; tapZ < w.windowDepth; tapZ++) {
      const z = z0 + tapZ * w.dilationDepth;
      for (let i = 0; i < w.windowHeight; i++, columns += <usize> across << 2) {
        const y = y0 + i * w.dilationHeight;
        if (z < 0 || z >= w.depth || y < 0 || y >= w.height) continue;
        const row = z * w.height + y;
        if (row < firstRow || row >= endRow) continue;
        if (inside) {
          addRun(columns, image + (<usize> ((row * w.width + x0) * channels) << 2), across);
          continue;
        }
        for (let j = 0; j < w.windowWidth; j++) {
          const x = x0 + j * w.dilationWidth;
          if (x < 0 || x >= w.width) continue;
          const entry = (row * w.width + x) * channels;
          addRun(columns + (<usize> (j * channels) << 2), image + (<usize> entry << 2), channels);
        }
      }
    }
  }
}

/** Scratch of a convolution or its gradients, for a window of `taps` entries over all channels. */
export function convolutionScratch(taps: i32): i32 {
  return GEMM_SCRATCH + (max(COLUMNS, taps) << 2);
}

/**
 * y = U W (+ bias, relu), where U has the window of one output position in each row; unrolled in blocks.
 * Computes the output positions `start` .. `stop` of all the images, counted through.
 */
export function convolution(
  w: Windows,
  x: usize,
  filter: usize,
  y: usize,
  bias: usize,
  flags: i32,
  start: i32,
  stop: i32,
  scratch: usize,
): void {
  const filters = w.outChannels;
  const yRow = <usize> filters << 2;
  if (isPointwise(w)) {
    const xRow = <usize> w.channels << 2;
    gemm(
      x + <usize> start * xRow, xRow, 4, filter, yRow, 4, y + <usize> start * yRow, yRow,
      stop - start, filters, w.channels, bias, flags, scratch,
    );
    return;
  }
  const columns = scratch + <usize> GEMM_SCRATCH;
  const taps = tapsOf(w);
  const positions = positionsOf(w);
  const block = positionsAtOnce(taps, ROWS);
  while (start < stop) {
    const image = start / positions;
    const position = start - image * positions;
    const count = min(min(block, positions - position), stop - start);
    unroll(
      w, x + <usize> image * imageBytes(w),
      position, count, 0, taps, columns,
    );
    gemm(
      columns, <usize> taps << 2, 4, filter, yRow, 4, y + <usize> start * yRow, yRow,
      count, filters, taps, bias, flags, scratch,
    );
    start += count;
  }
}

/** How many blocks of positions are added up in float32, where there are more. */
const LONG: i32 = 32;

/**
 * dW = U^T dy, where U has the window of one output position in each row. U is never whole in memory: a
 * block of positions is unrolled, and its product added to dW. Computes the rows `start` .. `stop` of dW,
 * [windowDepth, windowHeight, windowWidth, channels] x outChannels.
 */
export function convolutionFilterGradient(
  w: Windows,
  x: usize,
  dy: usize,
  dw: usize,
  start: i32,
  stop: i32,
  scratch: usize,
): void {
  if (stop <= start) return;
  const filters = w.outChannels;
  const dyRow = <usize> filters << 2;
  const all = w.batch * positionsOf(w);
  if (isPointwise(w)) {
    const xRow = <usize> w.channels << 2;
    gemm(
      x + (<usize> start << 2), 4, xRow, dy, dyRow, 4, dw + <usize> start * dyRow, dyRow,
      stop - start, filters, all, 0, 0, scratch,
    );
    return;
  }
  // From the whole width: the sums must not depend on how many threads share it.
  const block = positionsAtOnce(tapsOf(w), SUMMED);
  const isLong = all > LONG * block && filters <= LONG_SUMS;
  const rows = isLong ? LONG_SUMS / filters : stop - start;
  for (; start < stop; start += rows) {
    filterRowsGradient(w, x, dy, dw, start, min(start + rows, stop), block, isLong, scratch);
  }
}

/** The same for few enough rows to be summed up in float64, if that is asked for. */
function filterRowsGradient(
  w: Windows,
  x: usize,
  dy: usize,
  dw: usize,
  start: i32,
  stop: i32,
  block: i32,
  isLong: bool,
  scratch: usize,
): void {
  const width = stop - start;
  const filters = w.outChannels;
  const dyRow = <usize> filters << 2;
  const target = dw + <usize> start * dyRow;
  const columns = scratch + <usize> GEMM_SCRATCH;
  // Where `gemm` has its own sums: it needs none for so few positions at a time.
  const sums = columns - <usize> LONG_SUMS * 8;
  const positions = positionsOf(w);
  if (isLong) memory.fill(sums, 0, <usize> (width * filters) << 3);
  if (w.batch * positions == 0) clearRun(target, width * filters);
  let added = 0;
  for (let image = 0; image < w.batch; image++) {
    const pixels = x + <usize> image * imageBytes(w);
    for (let position = 0; position < positions; position += block) {
      const count = min(block, positions - position);
      unroll(w, pixels, position, count, start, stop, columns);
      gemm(
        columns, 4, <usize> width << 2,
        dy + <usize> (image * positions + position) * dyRow, dyRow, 4, target, dyRow,
        width, filters, count, 0, added ? 1 : 0, scratch,
      );
      added++;
      if (isLong && added == LONG) {
        addToSums(target, dyRow, width, filters, sums);
        added = 0;
      }
    }
  }
  if (!isLong) return;
  if (added) addToSums(target, dyRow, width, filters, sums);
  writeSums(sums, target, dyRow, width, filters, 0, false);
}

/** The first output position along an axis whose window reaches an entry from `low` on. */
// @ts-ignore: decorator
@inline
function firstOutput(low: i32, before: i32, reach: i32, stride: i32): i32 {
  const lowest = low + before - reach;
  return lowest <= 0 ? 0 : (lowest + stride - 1) / stride;
}

/** The end of the output positions, of `output`, whose windows begin before the entry `high`. */
// @ts-ignore: decorator
@inline
function endOutput(high: i32, before: i32, stride: i32, output: i32): i32 {
  return min(output, (high - 1 + before) / stride + 1);
}

/**
 * dx: U's gradient is dy W^T; each of its rows is added where that window lay. Again in blocks. Computes
 * the rows `start` .. `stop` of all the images' planes, counted through.
 */
export function convolutionInputGradient(
  w: Windows,
  dy: usize,
  filter: usize,
  dx: usize,
  start: i32,
  stop: i32,
  scratch: usize,
): void {
  const filters = w.outChannels;
  const row = w.width * w.channels;
  const dyRow = <usize> filters << 2;
  const taps = tapsOf(w);
  if (isPointwise(w)) {
    const first = start * w.width;
    gemm(
      dy + <usize> first * dyRow, dyRow, 4, filter, 4, dyRow,
      dx + (<usize> (start * row) << 2), <usize> w.channels << 2,
      (stop - start) * w.width, w.channels, filters, 0,
      packFlag(w.batch * w.depth * w.height * w.width, w.channels, filters), scratch,
    );
    return;
  }
  const columns = scratch + <usize> GEMM_SCRATCH;
  const block = positionsAtOnce(taps, ROWS);
  const rows = w.depth * w.height;
  const plane = w.outHeight * w.outWidth;
  clearRun(dx + (<usize> (start * row) << 2), (stop - start) * row);
  while (start < stop) {
    const image = start / rows;
    const firstRow = start - image * rows;
    const endRow = min(rows, firstRow + stop - start);
    // Output positions whose windows meet these rows of the image.
    const firstPlane = firstRow / w.height;
    const lastPlane = (endRow - 1) / w.height;
    const isOnePlane = firstPlane == lastPlane;
    const low = isOnePlane ? firstRow - firstPlane * w.height : 0;
    const high = isOnePlane ? endRow - firstPlane * w.height : w.height;
    const firstY = firstOutput(low, w.top, (w.windowHeight - 1) * w.dilationHeight, w.strideHeight);
    const endY = endOutput(high, w.top, w.strideHeight, w.outHeight);
    const reach = (w.windowDepth - 1) * w.dilationDepth;
    const endZ = endOutput(lastPlane + 1, w.front, w.strideDepth, w.outDepth);
    for (let z = firstOutput(firstPlane, w.front, reach, w.strideDepth); z < endZ; z++) {
      const end = z * plane + endY * w.outWidth;
      for (let position = z * plane + firstY * w.outWidth; position < end; position += block) {
        const count = min(block, end - position);
        gemm(
          dy + <usize> (image * positionsOf(w) + position) * dyRow, dyRow, 4, filter, 4, dyRow,
          columns, <usize> taps << 2, count, taps, filters, 0, packFlag(plane, taps, filters), scratch,
        );
        rollUp(w, columns, position, count, dx + <usize> image * imageBytes(w), firstRow, endRow);
      }
    }
    start += endRow - firstRow;
  }
}
