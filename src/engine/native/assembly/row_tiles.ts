import { ADD } from "./flags";
import { HIGH_ROWS, LOW_ROWS, TILE_COLUMNS, tile } from "./tile";

/** Bytes of a row of a tile. */
const ROW: usize = <usize> TILE_COLUMNS << 2;
/** Bytes of scratch that `borderTile` needs: one tile, one bias. */
export const BORDER_SCRATCH: i32 = (HIGH_ROWS + 1) * TILE_COLUMNS * 4;

/**
 * Computes a tile of `height` at the border of C: all of it in scratch, of which only `rows` x
 * `columns` are copied.
 */
export function borderTile(
  a: usize,
  b: usize,
  bStep: usize,
  depth: i32,
  c: usize,
  cRow: usize,
  bias: usize,
  flags: i32,
  height: i32,
  rows: i32,
  columns: i32,
  scratch: usize,
): void {
  const biasCopy = scratch + <usize> (HIGH_ROWS * ROW);
  for (let j = 0; j < TILE_COLUMNS; j++) {
    const column = <usize> j << 2;
    store<f32>(biasCopy + column, bias && j < columns ? load<f32>(bias + column) : 0);
    for (let i = 0; i < rows && flags & ADD; i++) {
      const row = <usize> i;
      if (j < columns) store<f32>(scratch + row * ROW + column, load<f32>(c + row * cRow + column));
    }
  }
  tile(height, a, b, bStep, depth, scratch, ROW, bias ? biasCopy : 0, flags);
  for (let i = 0; i < rows; i++) {
    const row = <usize> i;
    for (let j = 0; j < columns; j++) {
      const column = <usize> j << 2;
      store<f32>(c + row * cRow + column, load<f32>(scratch + row * ROW + column));
    }
  }
}

/** Rows of A multiplied by a panel of B in turn, while both are in the L1 cache. */
const GROUP: i32 = 4 * HIGH_ROWS;

/** Number of rows from which on high and low tiles cover all of them. */
export const WHOLE_ROWS: i32 = 12;

/**
 * Returns the number of `rows` rows in high tiles; low ones take the others, so that none is left
 * over. Only with less than `WHOLE_ROWS` may the last tile be a low one with fewer.
 */
export function rowsOfHighTiles(rows: i32): i32 {
  const low = (HIGH_ROWS - rows % HIGH_ROWS) % HIGH_ROWS * LOW_ROWS;
  return max(rows - low, 0);
}

/** Multiplies a group of rows by one panel of B. */
// @ts-ignore: decorator
@inline
function multiplyGroup(
  a: usize,
  b: usize,
  bStep: usize,
  depth: i32,
  c: usize,
  cRow: usize,
  bias: usize,
  flags: i32,
  rows: i32,
  height: i32,
  columns: i32,
  border: usize,
): void {
  for (let i = 0; i < rows; i += height) {
    const there = min(height, rows - i);
    if (columns < TILE_COLUMNS || there < height) {
      borderTile(a, b, bStep, depth, c, cRow, bias, flags, height, there, columns, border);
    } else tile(height, a, b, bStep, depth, c, cRow, bias, flags);
    a += <usize> (depth * height) << 2;
    c += <usize> height * cRow;
  }
}

/**
 * Computes C = A B (+ bias, relu) for `depth` of the shared dimension.
 *
 * @param a Address of all rows of A, as packed by `packRows`.
 * @param high Number of rows in high tiles: `rowsOfHighTiles`, or 0 if all panels are low.
 * @param b Address of the first panel of B: 8 columns, whose entries of the next step are `bStep`
 * bytes on.
 * @param panelBytes Bytes from a panel of B to the next.
 * @param border Address of `BORDER_SCRATCH` bytes.
 */
export function multiplyRows(
  a: usize,
  b: usize,
  panelBytes: usize,
  bStep: usize,
  c: usize,
  cRow: usize,
  rows: i32,
  high: i32,
  columns: i32,
  depth: i32,
  bias: usize,
  flags: i32,
  border: usize,
): void {
  let row = 0;
  while (row < rows) {
    const height = row < high ? HIGH_ROWS : LOW_ROWS;
    const end = min(row + GROUP, row < high ? high : rows);
    for (let j = 0; j < columns; j += TILE_COLUMNS) {
      multiplyGroup(
        a + (<usize> (row * depth) << 2),
        b + <usize> (j >> 3) * panelBytes,
        bStep,
        depth,
        c + <usize> row * cRow + (<usize> j << 2),
        cRow,
        bias ? bias + (<usize> j << 2) : 0,
        flags,
        end - row,
        height,
        min(TILE_COLUMNS, columns - j),
        border,
      );
    }
    row = end;
  }
}
