/** Batch of matrices on the heap. Entry (i, k) is `i * row + k * column` bytes from its start. */
export interface Matrix {
  /** Byte address of the first matrix. */
  address: number;
  /** Bytes from one row to the next. */
  row: number;
  /** Bytes from one column to the next. One of `row` and `column` is 4. */
  column: number;
  /** Bytes from one matrix of the batch to the next; 0 if all are the same. */
  batch: number;
}
