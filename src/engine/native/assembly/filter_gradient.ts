import { COLUMNS_AT, fitsPacked, PLACES_AT, positionsAtOnce, unrollAll } from "./convolution";
import { ADD, PACK } from "./flags";
import { DEPTH, gemm, GEMM_SCRATCH, LONG_SUMS, PACKED_ROWS, panelBytes } from "./gemm";
import { addToSums, writeSums } from "./long_sums";
import { packVectors } from "./pack";
import { packTaps, TOGETHER, unrollTaps } from "./pack_windows";
import { Windows } from "./records";
import { multiplyRows } from "./row_tiles";
import { clearRun } from "./runs";
import { LOW_ROWS } from "./tile";
import { fillPlaces, isNarrow, isPointwise, positionsOf, tapsOf } from "./windows";

/** Number of blocks of positions that are added up in float32, if there are more. */
const LONG_BLOCKS: i32 = 32;

/**
 * Computes dW = U^T dy, where U has the window of one output position in each row. U is never whole
 * in memory: a block of positions is packed from the image, or unrolled, and its product added to
 * dW. Computes the rows `start` .. `stop` of dW, [windowDepth, windowHeight, windowWidth, channels]
 * x outChannels.
 */
export function filterGradient(
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
  // From the whole width: the sums must not depend on the number of threads.
  const block = isPackedThere(w) ? DEPTH : positionsAtOnce(tapsOf(w), DEPTH);
  const isLong = all > LONG_BLOCKS * block && filters <= LONG_SUMS / LOW_ROWS;
  const rows = isLong ? LONG_SUMS / filters & ~(LOW_ROWS - 1) : stop - start;
  for (; start < stop; start += rows) {
    filterRowsGradient(w, x, dy, dw, start, min(start + rows, stop), block, isLong, scratch);
  }
}

/** Returns true if windows are packed straight from the image: if a block of dy fits. */
function isPackedThere(w: Windows): bool {
  return w.channels % LOW_ROWS == 0 && fitsPacked(w.outChannels, DEPTH);
}

/** Computes the same for few enough rows to be summed in float64, if requested. */
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
  // Uses the memory of `gemm`'s sums, which it does not need for so few positions at a time.
  const sums = scratch + <usize> (GEMM_SCRATCH - LONG_SUMS * 8);
  const all = w.batch * positionsOf(w);
  if (isLong) memory.fill(sums, 0, <usize> (width * filters) << 3);
  if (all == 0) clearRun(target, width * filters);
  let added = 0;
  for (let first = 0; first < all; first += block) {
    const count = min(block, all - first);
    const flags = added ? ADD : 0;
    const dyBlock = dy + <usize> first * dyRow;
    if (isPackedThere(w)) {
      addTaps(w, x, dyBlock, target, first, count, start, stop, flags, scratch);
    } else {
      const columns = scratch + COLUMNS_AT;
      let tap: usize = 4, position = <usize> width << 2;
      if (isNarrow(w)) {
        fillPlaces(w, x, first, count, scratch + PLACES_AT);
        unrollTaps(w, scratch + PLACES_AT, first % w.outWidth, count, start, stop, columns);
        tap = <usize> count << 2;
        position = 4;
      } else unrollAll(w, x, first, count, start, stop, scratch);
      // With one filter, a thread's single row would go to `dot` because of its strides, which sums
      // in another order.
      gemm(
        columns, tap, position, dyBlock, dyRow, 4, target, dyRow, width, filters, count, 0,
        flags | PACK, scratch,
      );
    }
    added++;
    if (isLong && added == LONG_BLOCKS) {
      addToSums(target, dyRow, width, filters, sums);
      added = 0;
    }
  }
  if (!isLong) return;
  if (added) addToSums(target, dyRow, width, filters, sums);
  writeSums(sums, target, dyRow, width, filters, 0, false);
}

/** Adds a block of positions to rows of dW: windows are packed straight from the image. */
function addTaps(
  w: Windows,
  x: usize,
  dy: usize,
  target: usize,
  first: i32,
  count: i32,
  start: i32,
  stop: i32,
  flags: i32,
  scratch: usize,
): void {
  const filters = w.outChannels, dyRow = <usize> filters << 2;
  const panels = scratch + COLUMNS_AT, bytes = panelBytes(count);
  const places = scratch + PLACES_AT;
  fillPlaces(w, x, first, count, places);
  packVectors(dy, 4, dyRow, filters, count, panels, bytes);
  // This number of rows stays in the L1 cache, with their positions.
  for (let tap = start, rows = 0; tap < stop; tap += rows) {
    rows = min(TOGETHER - tap % TOGETHER, stop - tap);
    packTaps(w, places, first % w.outWidth, count, tap, tap + rows, scratch);
    multiplyRows(
      scratch, panels, bytes, 32, target + <usize> (tap - start) * dyRow, dyRow, rows, 0, filters, count,
      0, flags, scratch + <usize> PACKED_ROWS,
    );
  }
}
