/**
 * Exports of this project's WASM module. Every number is an i32; addresses and sizes are in bytes.
 */
export interface NativeExports {
  /** Computes an operation, in `parts` concurrent parts if there are helpers. */
  runTogether(
    pool: number,
    operation: number,
    record: number,
    parts: number,
    scratch: number,
    scratchBytes: number,
  ): void;
  /** Makes this thread a helper; returns when it is dismissed. */
  serve(pool: number, part: number): void;
  /** Ends the helpers. */
  dismiss(pool: number): void;
  /** Returns the scratch bytes of an operation with a window of `taps` entries; 0 for none. */
  convolutionScratch(taps: number): number;
  /** Returns the scratch bytes of a recurrent layer. */
  recurrentScratch(): number;
  /** Returns the size of the packed kernel of a recurrent cell. */
  recurrentPanelBytes(cell: number, units: number, isBack: boolean): number;
  /** Returns the scratch bytes of a segment sum. */
  segmentScratch(rows: number, width: number, count: number): number;
  /** Returns the number of rows in a block that a normalisation sums separately. */
  rowsOfBlock(width: number): number;
  /** Returns the number of such blocks in all rows. */
  blocksOf(rows: number, width: number): number;
}
