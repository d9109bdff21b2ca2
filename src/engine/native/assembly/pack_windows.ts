import { DEPTH } from "./gemm";
import { packHigh, packLow, transposeRows } from "./pack";
import { Windows } from "./records";
import { rowsOfHighTiles } from "./row_tiles";
import { addRun, clearRun, copyRun } from "./runs";
import { HIGH_ROWS, LOW_ROWS, TILE_STEPS } from "./tile";
import { PLACE, Place, isAcross, lineAt, unroll, unrollLine } from "./windows";

/**
 * Bytes of the entries packed at a time, `DEPTH` of `gemm`; of the windows of a panel; of zeros.
 */
const LINE_BYTES: usize = <usize> DEPTH * 4, ROWS_BYTES: usize = <usize> HIGH_ROWS * LINE_BYTES;
const ZEROS_BYTES: usize = LINE_BYTES;
/** Bytes of scratch that `packWindows` needs: zeros, for lines outside an image, come last. */
export const PACK_WINDOWS_SCRATCH: i32 = <i32> (ROWS_BYTES + ZEROS_BYTES);

/**
 * Packs windows as the rows of a product, their entries `from` .. `from + depth` along the shared
 * dimension: as `packRows` would pack them unrolled. Most are read straight from the image.
 *
 * @param places Address of the windows' places.
 * @param depth `DEPTH` at most.
 * @param scratch Address of `PACK_WINDOWS_SCRATCH` bytes.
 */
export function packWindows(
  w: Windows,
  places: usize,
  count: i32,
  from: i32,
  depth: i32,
  to: usize,
  scratch: usize,
): void {
  memory.fill(scratch + ROWS_BYTES, 0, ZEROS_BYTES);
  const high = rowsOfHighTiles(count);
  const inFours = ((w.windowWidth * w.channels | from) & 3) == 0 && depth % TILE_STEPS == 0;
  for (let row = 0; row < count;) {
    const height = row < high ? HIGH_ROWS : LOW_ROWS;
    const there = min(height, count - row);
    if (inFours && there == height) {
      packPanel(w, places, height == HIGH_ROWS, from, depth, to, scratch);
    } else {
      const bytes = <usize> depth << 2;
      for (let i = 0; i < there; i++) {
        unroll(w, places + <usize> i * PLACE, from, from + depth, scratch + <usize> i * bytes);
      }
      if (height == HIGH_ROWS) packHigh(scratch, bytes, 4, depth, to);
      else packLow(scratch, bytes, 4, there, depth, to);
    }
    to += <usize> (depth * height) << 2;
    places += <usize> height * PLACE;
    row += height;
  }
}

/** Packs a whole panel of windows, line by line. */
function packPanel(
  w: Windows,
  places: usize,
  isHigh: bool,
  from: i32,
  depth: i32,
  to: usize,
  scratch: usize,
): void {
  const across = w.windowWidth * w.channels;
  const isRow = isRowOf(w, places, isHigh ? HIGH_ROWS : LOW_ROWS);
  const first = from / across;
  let tapZ = first / w.windowHeight, tapY = first - tapZ * w.windowHeight;
  for (let offset = from - first * across, left = depth; left > 0; offset = 0) {
    const run = min(across - offset, left), bytes = <usize> run << 2;
    let a: usize, b: usize, c: usize, d: usize, e: usize;
    if (isRow) {
      const line = lineAt(w, places, tapZ, tapY);
      const step = line == 0 ? 0 : <usize> (w.strideWidth * w.channels) << 2;
      a = line == 0 ? scratch + ROWS_BYTES : line + (<usize> offset << 2);
      b = a + step;
      c = b + step;
      d = c + step;
      e = d + step;
    } else {
      a = lineOf(w, places, 0, tapZ, tapY, offset, run, scratch);
      b = lineOf(w, places, 1, tapZ, tapY, offset, run, scratch);
      c = lineOf(w, places, 2, tapZ, tapY, offset, run, scratch);
      d = lineOf(w, places, 3, tapZ, tapY, offset, run, scratch);
      e = isHigh ? lineOf(w, places, 4, tapZ, tapY, offset, run, scratch) : 0;
    }
    if (isHigh) {
      for (let i: usize = 0; i < bytes; i += 16, to += 80) {
        transposeRows(a + i, b + i, c + i, d + i, to, 16);
        v128.store(to, v128.load(e + i), 64);
      }
    } else {
      for (let i: usize = 0; i < bytes; i += 16, to += 64) {
        transposeRows(a + i, b + i, c + i, d + i, to, 16);
      }
    }
    left -= run;
    if (++tapY == w.windowHeight) {
      tapY = 0;
      tapZ++;
    }
  }
}

/** Returns true if windows are in one row of an image, and none leaves it on a side. */
// @ts-ignore: decorator
@inline
function isRowOf(w: Windows, places: usize, count: i32): bool {
  const last = places + <usize> (count - 1) * PLACE;
  const a = changetype<Place>(places), z = changetype<Place>(last);
  return z.image == a.image && z.z == a.z && z.y == a.y && isAcross(w, places) && isAcross(w, last);
}

/**
 * Returns the address of the entries `offset` .. `offset + run` of a line of window `i`: in the
 * image, or unrolled.
 */
// @ts-ignore: decorator
@inline
function lineOf(
  w: Windows,
  places: usize,
  i: usize,
  tapZ: i32,
  tapY: i32,
  offset: i32,
  run: i32,
  scratch: usize,
): usize {
  const place = places + i * PLACE, line = lineAt(w, place, tapZ, tapY);
  if (line == 0) return scratch + ROWS_BYTES;
  if (isAcross(w, place)) return line + (<usize> offset << 2);
  const own = scratch + i * LINE_BYTES;
  unrollLine(w, place, line, offset, run, own);
  return own;
}

/** Entries of a window that are packed together: a cache line of an image, four panels. */
export const TOGETHER: i32 = 4 * LOW_ROWS;

/**
 * Packs the entries `start` .. `stop` of windows as the rows of a product, in panels of low tiles,
 * with `count` output positions along the shared dimension. The number of channels is a multiple of
 * four.
 *
 * @param places Address of the positions' places.
 * @param firstX Column of the first position in its row.
 */
export function packTaps(
  w: Windows,
  places: usize,
  firstX: i32,
  count: i32,
  start: i32,
  stop: i32,
  to: usize,
): void {
  for (let at = start; at < stop;) {
    const left = min(w.channels - at % w.channels, stop - at);
    const entries = left < TOGETHER ? LOW_ROWS : TOGETHER;
    copyEntries(w, places, firstX, count, at, entries, to);
    at += entries;
    to += <usize> (entries * count) << 2;
  }
}

/** Unrolls the entries `start` .. `stop` of windows: each is a row of `count` output positions, as for `packTaps`. */
export function unrollTaps(
  w: Windows,
  places: usize,
  firstX: i32,
  count: i32,
  start: i32,
  stop: i32,
  to: usize,
): void {
  const row = <usize> count << 2;
  for (let at = start; at < stop; at++, to += row) copyEntries(w, places, firstX, count, at, 1, to);
}

/**
 * Copies the entries of windows from `at` on, for `count` output positions: 1 into a row, 4 into a
 * panel, or `TOGETHER` into panels. All are from one column of a window.
 */
function copyEntries(
  w: Windows,
  places: usize,
  firstX: i32,
  count: i32,
  at: i32,
  entries: i32,
  to: usize,
): void {
  const across = w.windowWidth * w.channels, line = at / across, offset = at - line * across;
  const tapZ = line / w.windowHeight, tapY = line - tapZ * w.windowHeight;
  const column = offset / w.channels, shift = column * w.dilationWidth;
  const entry = <usize> (offset + (shift - column) * w.channels) << 2;
  const step = <usize> (w.strideWidth * w.channels) << 2;
  const inPanel = min(entries, LOW_ROWS), bytes = <usize> inPanel << 2, panel = bytes * count;
  // Row by row: within a row, positions are evenly spaced.
  let run = min(w.outWidth - firstX, count);
  for (let i = 0; i < count; i += run, run = min(w.outWidth, count - i)) {
    const place = places + <usize> i * PLACE, source = lineAt(w, place, tapZ, tapY);
    // Positions of the run whose entry is inside the image.
    const x = changetype<Place>(place).x + shift;
    let low = 0, high = 0;
    if (source != 0 && x < w.width) {
      low = x < 0 ? min(run, (w.strideWidth - 1 - x) / w.strideWidth) : 0;
      high = max(low, min(run, (w.width - 1 - x) / w.strideWidth + 1));
    }
    const before = to + low * bytes, after = to + high * bytes, from = source + entry + low * step;
    for (let p = 0, row = to; p < entries; p += inPanel, row += panel) {
      clearRun(row, low * inPanel);
      clearRun(row + (after - to), (run - high) * inPanel);
    }
    if (entries == TOGETHER) copyLines(from, step, before, after, panel);
    else if (entries == LOW_ROWS) copyFours(from, step, before, after);
    else if (step == 4) copyRun(from, before, high - low);
    else copyOnes(from, step, before, after);
    to += run * bytes;
  }
}

/** Copies single entries, `step` bytes apart. */
// @ts-ignore: decorator
@inline
function copyOnes(from: usize, step: usize, to: usize, end: usize): void {
  for (; to < end; to += 4, from += step) store<f32>(to, load<f32>(from));
}

/** Copies groups of four entries, `step` bytes apart. */
// @ts-ignore: decorator
@inline
function copyFours(from: usize, step: usize, to: usize, end: usize): void {
  for (; to < end; to += 16, from += step) v128.store(to, v128.load(from));
}

/** Copies groups of 16 entries, `step` bytes apart: four each into panels `panel` bytes apart. */
// @ts-ignore: decorator
@inline
function copyLines(from: usize, step: usize, to: usize, end: usize, panel: usize): void {
  for (; to < end; to += 16, from += step) {
    v128.store(to, v128.load(from));
    v128.store(to + panel, v128.load(from, 16));
    v128.store(to + 2 * panel, v128.load(from, 32));
    v128.store(to + 3 * panel, v128.load(from, 48));
  }
}

/**
 * Adds unrolled windows to the rows `firstRow` .. `endRow` of an image's planes, at their places.
 */
export function rollUp(
  w: Windows,
  columns: usize,
  places: usize,
  count: i32,
  firstRow: i32,
  endRow: i32,
): void {
  const channels = w.channels, across = w.windowWidth * channels;
  for (let n = 0; n < count; n++, places += PLACE) {
    const p = changetype<Place>(places);
    const isWhole = isAcross(w, places);
    for (let tapZ = 0; tapZ < w.windowDepth; tapZ++) {
      for (let tapY = 0; tapY < w.windowHeight; tapY++, columns += <usize> across << 2) {
        const line = lineAt(w, places, tapZ, tapY);
        const row = (p.z + tapZ * w.dilationDepth) * w.height + p.y + tapY * w.dilationHeight;
        if (line == 0 || row < firstRow || row >= endRow) continue;
        if (isWhole) {
          addRun(columns, line, across);
          continue;
        }
        for (let tap = 0; tap < w.windowWidth; tap++) {
          const x = tap * w.dilationWidth;
          if (p.x + x < 0 || p.x + x >= w.width) continue;
          const entry = <usize> (x * channels) << 2;
          addRun(columns + (<usize> (tap * channels) << 2), line + entry, channels);
        }
      }
    }
  }
}
