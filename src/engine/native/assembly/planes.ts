import { transposeRows } from "./pack";
import { Planes } from "./records";

/** Rows of a strip: a cache line of each column. */
export const STRIP: i32 = 16;

/** Transposes the strips `start` .. `stop` of all planes, numbered consecutively. */
export function turnPlanes(p: Planes, start: i32, stop: i32): void {
  const strips = (p.rows + STRIP - 1) / STRIP;
  for (let strip = start; strip < stop; strip++) {
    const plane = strip / strips, row = (strip - plane * strips) * STRIP;
    turnStrip(
      p.from + <usize> plane * p.fromPlane + (<usize> row << 2), p.column,
      p.to + <usize> plane * p.toPlane + <usize> row * p.row, p.row,
      min(STRIP, p.rows - row), p.columns,
    );
  }
}

/** Writes columns, `column` bytes apart, as the entries of rows, `toRow` bytes apart. */
function turnStrip(
  from: usize,
  column: usize,
  to: usize,
  toRow: usize,
  rows: i32,
  columns: i32,
): void {
  const whole = rows & ~3;
  let j = 0;
  for (; j + 4 <= columns; j += 4) {
    let source = from + <usize> j * column, target = to + (<usize> j << 2);
    for (let i = 0; i < whole; i += 4) {
      transposeRows(
        source, source + column, source + 2 * column, source + 3 * column, target, toRow,
      );
      source += 16;
      target += 4 * toRow;
    }
    for (let k = 0; k < 4; k++) turnRun(from, column, to, toRow, whole, rows, j + k);
  }
  for (; j < columns; j++) turnRun(from, column, to, toRow, 0, rows, j);
}

/** Writes the entries `first` .. `stop` of a column. */
// @ts-ignore: decorator
@inline
function turnRun(
  from: usize,
  column: usize,
  to: usize,
  toRow: usize,
  first: i32,
  stop: i32,
  j: i32,
): void {
  const source = from + <usize> j * column, target = to + (<usize> j << 2);
  for (let i: usize = first; i < <usize> stop; i++) {
    store<u32>(target + i * toRow, load<u32>(source + (i << 2)));
  }
}
