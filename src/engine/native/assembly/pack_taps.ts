import { Windows } from "./records";
import { clearRun, copyRun } from "./runs";
import { LOW_ROWS } from "./tile";
import { lineAt, Place, PLACE } from "./windows";

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
