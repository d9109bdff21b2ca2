import { ADD } from "./flags";
import { HIGH_ROWS, tile, TILE_COLUMNS } from "./tile";

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
