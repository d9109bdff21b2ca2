import {
  COLUMNS_AT,
  PLACES_AT,
  TURNED_AT,
  convolvePacked,
  fitsPacked,
  positionsAtOnce,
} from "./convolution";
import { ROWS, depthOfBlock, gemm, packFlag, panelBytes, panelsOf } from "./gemm";
import { packVectors } from "./pack";
import { rollUp } from "./pack_windows";
import { Windows } from "./records";
import { clearRun, isFiniteRun } from "./runs";
import { TILE_COLUMNS } from "./tile";
import { fillPlaces, isPointwise, positionsOf, tapsOf } from "./windows";

/** Returns the first output position along an axis whose window reaches an entry from `low` on. */
// @ts-ignore: decorator
@inline
function firstOutput(low: i32, before: i32, reach: i32, stride: i32): i32 {
  const lowest = low + before - reach;
  return lowest <= 0 ? 0 : (lowest + stride - 1) / stride;
}

/**
 * Returns the end of the output positions, of `output`, whose windows begin before the entry
 * `high`.
 */
// @ts-ignore: decorator
@inline
function endOutput(high: i32, before: i32, stride: i32, output: i32): i32 {
  return min(output, (high - 1 + before) / stride + 1);
}

// @ts-ignore: decorator
@inline
function isUnstrided(w: Windows): bool {
  return w.strideDepth == 1 && w.strideHeight == 1 && w.strideWidth == 1;
}

/**
 * Packs the filter that maps dy to dx if windows move by 1: its taps reversed, channels and filters
 * swapped. Returns true if all of it is finite: only then may it be multiplied by the zeros around
 * dy.
 */
function packTurned(w: Windows, filter: usize, to: usize): bool {
  const channels = w.channels, filters = w.outChannels;
  const taps = w.windowDepth * w.windowHeight * w.windowWidth, k = taps * filters;
  const row = <usize> filters << 2, tapBytes = <usize> channels * row;
  if (!isFiniteRun(filter, k * channels)) return false;
  const blockDepth = depthOfBlock(k);
  for (let from = 0; from < k; from += blockDepth) {
    const depth = min(blockDepth, k - from), bytes = panelBytes(depth);
    for (let at = from; at < from + depth;) {
      const tap = at / filters, first = at - tap * filters;
      const run = min(filters - first, from + depth - at);
      const source = filter + <usize> (taps - 1 - tap) * tapBytes + (<usize> first << 2);
      packVectors(source, row, 4, channels, run, to + (<usize> (at - from) << 5), bytes);
      at += run;
    }
    to += panelsOf(channels) * bytes;
  }
  return true;
}

/** Returns the windows of the convolution of dy that gives dx if windows move by 1, in scratch. */
export function turnedWindows(w: Windows, scratch: usize): Windows {
  const t = changetype<Windows>(scratch + TURNED_AT);
  t.batch = w.batch;
  t.depth = w.outDepth;
  t.height = w.outHeight;
  t.width = w.outWidth;
  t.channels = w.outChannels;
  t.outDepth = w.depth;
  t.outHeight = w.height;
  t.outWidth = w.width;
  t.outChannels = w.channels;
  t.windowDepth = w.windowDepth;
  t.windowHeight = w.windowHeight;
  t.windowWidth = w.windowWidth;
  t.strideDepth = t.strideHeight = t.strideWidth = 1;
  t.dilationDepth = w.dilationDepth;
  t.dilationHeight = w.dilationHeight;
  t.dilationWidth = w.dilationWidth;
  t.front = (w.windowDepth - 1) * w.dilationDepth - w.front;
  t.top = (w.windowHeight - 1) * w.dilationHeight - w.top;
  t.left = (w.windowWidth - 1) * w.dilationWidth - w.left;
  return t;
}

/**
 * Computes dx: a convolution of dy if windows move by 1. Else U's gradient is dy W^T, each row of
 * which is added at the place of its window, in blocks. Computes the rows `start` .. `stop` of all
 * images' planes, numbered consecutively.
 */
export function inputGradient(
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
  // Few channels would leave most of a tile empty.
  const isWide = w.channels >= TILE_COLUMNS;
  if (isWide && isUnstrided(w) && fitsPacked(w.channels, taps / w.channels * filters)) {
    if (packTurned(w, filter, scratch + COLUMNS_AT)) {
      const turned = turnedWindows(w, scratch);
      convolvePacked(turned, dy, dx, 0, 0, start * w.width, stop * w.width, scratch);
      return;
    }
  }
  const columns = scratch + COLUMNS_AT, places = scratch + PLACES_AT;
  const block = positionsAtOnce(taps, ROWS);
  const rows = w.depth * w.height;
  const plane = w.outHeight * w.outWidth;
  clearRun(dx + (<usize> (start * row) << 2), (stop - start) * row);
  while (start < stop) {
    const image = start / rows;
    const firstRow = start - image * rows;
    const endRow = min(rows, firstRow + stop - start);
    // Output positions whose windows overlap these rows of the image.
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
        const count = min(block, end - position), first = image * positionsOf(w) + position;
        gemm(
          dy + <usize> first * dyRow, dyRow, 4, filter, 4, dyRow,
          columns, <usize> taps << 2, count, taps, filters, 0, packFlag(plane, taps, filters), scratch,
        );
        fillPlaces(w, dx, first, count, places);
        rollUp(w, columns, places, count, firstRow, endRow);
      }
    }
    start += endRow - firstRow;
  }
}
