import { DEPTH } from "./gemm";
import { packHigh, packLow, transposeRows } from "./pack";
import { Windows } from "./records";
import { rowsOfHighTiles } from "./row_tiles";
import { HIGH_ROWS, LOW_ROWS, TILE_STEPS } from "./tile";
import { isAcross, lineAt, Place, PLACE, unroll, unrollLine } from "./windows";

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
