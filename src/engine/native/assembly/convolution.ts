import { gemm, GEMM_SCRATCH } from "./gemm";
import { addRun, clearRun, copyRun } from "./runs";
import { Windows } from "./windows";

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
/** A block that is a product's rows is as high as `gemm` packs at a time. */
const ROWS: i32 = 504;

// @ts-ignore: decorator
@inline
function isPointwise(w: Windows): bool {
  return w.windowHeight == 1 && w.windowWidth == 1 && w.strideHeight == 1 && w.strideWidth == 1 &&
    w.top == 0 && w.left == 0 && w.outHeight == w.height && w.outWidth == w.width;
}

/**
 * Unrolls the windows of `count` output positions of one image, one a row: the entries
 * [row, column, channel] of a window that lie in `start` .. `stop`; 0 where the window leaves the image.
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
  for (const end = position + count; position < end; position++) {
    const y0 = position / w.outWidth * w.strideHeight - w.top;
    const x0 = position % w.outWidth * w.strideWidth - w.left;
    const inside = w.dilationWidth == 1 && x0 >= 0 && x0 + w.windowWidth <= w.width;
    for (let i = start / across; i * across < stop; i++) {
      const y = y0 + i * w.dilationHeight;
      const from = max(start, i * across);
      const until = min(stop, (i + 1) * across);
      if (y < 0 || y >= w.height) {
        clearRun(to, until - from);
        to += <usize> (until - from) << 2;
      } else if (inside) {
        const entry = (y * w.width + x0) * channels + from - i * across;
        copyRun(image + (<usize> entry << 2), to, until - from);
        to += <usize> (until - from) << 2;
      } else {
        for (let at = from; at < until;) {
          const j = (at - i * across) / channels;
          const channel = at - i * across - j * channels;
          const run = min(channels - channel, until - at);
          const x = x0 + j * w.dilationWidth;
          if (x < 0 || x >= w.width) clearRun(to, run);
          else {
            const entry = (y * w.width + x) * channels + channel;
            copyRun(image + (<usize> entry << 2), to, run);
          }
          to += <usize> run << 2;
          at += run;
        }
      }
    }
  }
}

/** The other way round: adds unrolled windows to the rows `firstRow` .. `endRow` of an image. */
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
  for (const end = position + count; position < end; position++) {
    const y0 = position / w.outWidth * w.strideHeight - w.top;
    const x0 = position % w.outWidth * w.strideWidth - w.left;
    const inside = w.dilationWidth == 1 && x0 >= 0 && x0 + w.windowWidth <= w.width;
    for (let i = 0; i < w.windowHeight; i++, columns += <usize> across << 2) {
      const y = y0 + i * w.dilationHeight;
      if (y < firstRow || y >= endRow) continue;
      if (inside) {
        addRun(columns, image + (<usize> ((y * w.width + x0) * channels) << 2), across);
        continue;
      }
      for (let j = 0; j < w.windowWidth; j++) {
        const x = x0 + j * w.dilationWidth;
        if (x < 0 || x >= w.width) continue;
        const entry = (y * w.width + x) * channels;
        addRun(columns + (<usize> (j * channels) << 2), image + (<usize> entry << 2), channels);
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
  const taps = w.windowHeight * w.windowWidth * w.channels;
  const positions = w.outHeight * w.outWidth;
  const block = positionsAtOnce(taps, ROWS);
  while (start < stop) {
    const image = start / positions;
    const position = start - image * positions;
    const count = min(min(block, positions - position), stop - start);
    unroll(
      w, x + (<usize> (image * w.height * w.width * w.channels) << 2),
      position, count, 0, taps, columns,
    );
    gemm(
      columns, <usize> taps << 2, 4, filter, yRow, 4, y + <usize> start * yRow, yRow,
      count, filters, taps, bias, flags, scratch,
    );
    start += count;
  }
}

/**
 * dW = U^T dy, where U has the window of one output position in each row. U is never whole in memory: a
 * block of positions is unrolled, and its product added to dW. Computes the rows `start` .. `stop` of dW,
 * [windowHeight, windowWidth, channels] x outChannels.
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
  const width = stop - start;
  if (width <= 0) return;
  const filters = w.outChannels;
  const target = dw + (<usize> (start * filters) << 2);
  const dyRow = <usize> filters << 2;
  if (isPointwise(w)) {
    const xRow = <usize> w.channels << 2;
    const all = w.batch * w.height * w.width;
    gemm(
      x + (<usize> start << 2),
      4,
      xRow,
      dy,
      dyRow,
      4,
      target,
      dyRow,
      width,
      filters,
      all,
      0,
      0,
      scratch,
    );
    return;
  }
  const columns = scratch + <usize> GEMM_SCRATCH;
  const positions = w.outHeight * w.outWidth;
  // From the whole width: the sums must not depend on how many threads share it.
  const block = positionsAtOnce(w.windowHeight * w.windowWidth * w.channels, SUMMED);
  if (w.batch * positions == 0) clearRun(target, width * filters);
  for (let image = 0; image < w.batch; image++) {
    const pixels = x + (<usize> (image * w.height * w.width * w.channels) << 2);
    for (let position = 0; position < positions; position += block) {
      const count = min(block, positions - position);
      unroll(w, pixels, position, count, start, stop, columns);
      gemm(
        columns,
        4,
        <usize> width << 2,
        dy + <usize> (image * positions + position) * dyRow,
        dyRow,
        4,
        target,
        dyRow,
        width,
        filters,
        count,
        0,
        image + position > 0 ? 1 : 0,
        scratch,
      );
    }
  }
}

/**
 * dx: U's gradient is dy W^T; each of its rows is added where that window lay. Again in blocks. Computes
 * the rows `start` .. `stop` of all the images' rows, counted through.
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
  const taps = w.windowHeight * w.windowWidth * w.channels;
  if (isPointwise(w)) {
    const first = start * w.width;
    gemm(
      dy + <usize> first * dyRow,
      dyRow,
      4,
      filter,
      4,
      dyRow,
      dx + (<usize> (start * row) << 2),
      <usize> w.channels << 2,
      (stop - start) * w.width,
      w.channels,
      filters,
      0,
      0,
      scratch,
    );
    return;
  }
  const columns = scratch + <usize> GEMM_SCRATCH;
  const block = positionsAtOnce(taps, ROWS);
  const reach = (w.windowHeight - 1) * w.dilationHeight;
  const positions = w.outHeight * w.outWidth;
  clearRun(dx + (<usize> (start * row) << 2), (stop - start) * row);
  while (start < stop) {
    const image = start / w.height;
    const firstRow = start - image * w.height;
    const endRow = min(w.height, firstRow + stop - start);
    // Output rows whose windows meet these rows of the image.
    const lowest = firstRow + w.top - reach;
    const firstOut = lowest <= 0 ? 0 : (lowest + w.strideHeight - 1) / w.strideHeight;
    const endOut = min(w.outHeight, (endRow - 1 + w.top) / w.strideHeight + 1);
    const end = endOut * w.outWidth;
    for (let position = firstOut * w.outWidth; position < end; position += block) {
      const count = min(block, end - position);
      gemm(
        dy + <usize> (image * positions + position) * dyRow,
        dyRow,
        4,
        filter,
        4,
        dyRow,
        columns,
        <usize> taps << 2,
        count,
        taps,
        filters,
        0,
        0,
        scratch,
      );
      rollUp(
        w,
        columns,
        position,
        count,
        dx + (<usize> (image * w.height * row) << 2),
        firstRow,
        endRow,
      );
    }
    start += endRow - firstRow;
  }
}
