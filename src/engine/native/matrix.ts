/** A batch of matrices on the heap. Entry (i, k) lies `i * row + k * column` bytes from its start. */
export interface Matrix {
  /** Byte address of the first. */
  address: number;
  /** Bytes from a row to the next. */
  row: number;
  /** Bytes from a column to the next. One of `row` and `column` is 4. */
  column: number;
  /** Bytes from a matrix of the batch to the next; 0 when one serves all. */
  batch: number;
}
