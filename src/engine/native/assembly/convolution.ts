import { flagsOfBlock } from "./flags";
import {
  GEMM_SCRATCH,
  LONG,
  PACKED_ROWS,
  ROWS,
  depthOfBlock,
  gemm,
  packWhole,
  packedBytes,
  panelBytes,
  panelsOf,
} from "./gemm";
import { packRows } from "./pack";
import { PACK_WINDOWS_SCRATCH, packWindows, unrollTaps } from "./pack_windows";
import { Windows } from "./records";
import { BORDER_SCRATCH, multiplyRows, rowsOfHighTiles } from "./row_tiles";
import { HIGH_ROWS } from "./tile";
import { PLACE, fillPlaces, isNarrow, isPointwise, tapsOf, unroll } from "./windows";
import { tiledScratch } from "./winograd_convolution";

/** Maximum number of entries of unrolled windows, or of a packed filter, at a time: 1 MiB. */
const COLUMNS: i32 = 1 << 18;
/** Bytes of the places of the windows that are multiplied at a time. */
const PLACES: i32 = ROWS * <i32> PLACE;
/** Offsets in scratch: places, buffers for packing, and unrolled windows or a filter. */
export const PLACES_AT: usize = <usize> GEMM_SCRATCH;
const PACKING_AT: usize = PLACES_AT + <usize> PLACES;
/** Offset of the windows of another convolution, if one computes this one. */
export const TURNED_AT: usize = PACKING_AT + <usize> PACK_WINDOWS_SCRATCH;
export const COLUMNS_AT: usize = TURNED_AT + offsetof<Windows>();

/**
 * Returns the scratch of a convolution or its gradients, for a window of `taps` entries of each
 * channel.
 */
export function convolutionScratch(taps: i32, channels: i32, filters: i32): i32 {
  const direct = max(COLUMNS, taps * channels) << 2;
  return <i32> COLUMNS_AT + (taps == 9 ? max(direct, tiledScratch(channels, filters)) : direct);
}

/** Returns the number of output positions that are unrolled at a time: fewer for large windows. */
export function positionsAtOnce(width: i32, most: i32): i32 {
  return min(most, max(COLUMNS / width, 1));
}

/** Returns true if a whole packed filter fits, and float32 can sum up its shared dimension. */
export function fitsPacked(filters: i32, taps: i32): bool {
  // Too many of them would overflow their number of bytes.
  return taps <= LONG && <i64> taps * filters < COLUMNS &&
    packedBytes(filters, taps) <= <usize> COLUMNS << 2;
}

/**
 * Unrolls the windows of `count` output positions from `first` on, entries `start` .. `stop`, one
 * per row.
 */
export function unrollAll(
  w: Windows,
  images: usize,
  first: i32,
  count: i32,
  start: i32,
  stop: i32,
  scratch: usize,
): void {
  const places = scratch + PLACES_AT;
  const row = <usize> (stop - start) << 2;
  fillPlaces(w, images, first, count, places);
  for (let i: usize = 0; i < <usize> count; i++) {
    unroll(w, places + i * PLACE, start, stop, scratch + COLUMNS_AT + i * row);
  }
}

/**
 * Computes y = U W (+ bias, relu), where U has the window of one output position in each row.
 * Computes the output positions `start` .. `stop` of all images, numbered consecutively.
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
  const filters = w.outChannels, taps = tapsOf(w);
  const yRow = <usize> filters << 2;
  if (isPointwise(w)) {
    const xRow = <usize> w.channels << 2;
    gemm(
      x + <usize> start * xRow, xRow, 4, filter, yRow, 4, y + <usize> start * yRow, yRow,
      stop - start, filters, w.channels, bias, flags, scratch,
    );
  } else if (fitsPacked(filters, taps)) {
    packWhole(filter, yRow, 4, filters, taps, scratch + COLUMNS_AT);
    convolvePacked(w, x, y, bias, flags, start, stop, scratch);
  } else {
    const block = positionsAtOnce(taps, ROWS);
    for (let first = start; first < stop; first += block) {
      const count = min(block, stop - first);
      unrollAll(w, x, first, count, 0, taps, scratch);
      gemm(
        scratch + COLUMNS_AT, <usize> taps << 2, 4, filter, yRow, 4, y + <usize> first * yRow, yRow,
        count, filters, taps, bias, flags, scratch,
      );
    }
  }
}

/** Windows packed at a time: with few channels they stay in the L1 cache. Narrow ones are small. */
const WINDOWS: i32 = 8 * HIGH_ROWS, NARROW_WINDOWS: i32 = 40 * HIGH_ROWS;
/** Offset of unrolled narrow windows, after the scratch of `multiplyRows`. */
const TAPS_AT: usize = <usize> (PACKED_ROWS + BORDER_SCRATCH);

/**
 * Computes the same with a filter packed at `COLUMNS_AT`: windows are packed straight from the
 * image.
 */
export function convolvePacked(
  w: Windows,
  x: usize,
  y: usize,
  bias: usize,
  flags: i32,
  start: i32,
  stop: i32,
  scratch: usize,
): void {
  const filters = w.outChannels, taps = tapsOf(w), blockDepth = depthOfBlock(taps);
  const yRow = <usize> filters << 2;
  const places = scratch + PLACES_AT;
  const narrow = isNarrow(w), windows = narrow ? NARROW_WINDOWS : WINDOWS;
  for (let first = start; first < stop; first += windows) {
    const count = min(windows, stop - first);
    fillPlaces(w, x, first, count, places);
    let panels = scratch + COLUMNS_AT;
    for (let from = 0; from < taps; from += blockDepth) {
      const depth = min(blockDepth, taps - from), isLast = from + depth == taps;
      if (narrow) {
        unrollTaps(w, places, first % w.outWidth, count, from, from + depth, scratch + TAPS_AT);
        packRows(scratch + TAPS_AT, 4, <usize> count << 2, count, depth, scratch);
      } else packWindows(w, places, count, from, depth, scratch, scratch + PACKING_AT);
      multiplyRows(
        scratch, panels, panelBytes(depth), 32, y + <usize> first * yRow, yRow,
        count, rowsOfHighTiles(count), filters, depth, isLast ? bias : 0,
        flagsOfBlock(flags, from == 0, isLast), scratch + <usize> PACKED_ROWS,
      );
      panels += panelsOf(filters) * panelBytes(depth);
    }
  }
}
