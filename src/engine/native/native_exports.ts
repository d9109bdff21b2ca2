/** What our own WASM module exports; every number is an i32, addresses and sizes are in bytes. */
export interface NativeExports {
  /** Computes an operation, in `parts` parts at the same time where helpers serve. */
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
  /** Scratch that an operation needs, for a window of `taps` entries; 0 where it has no window. */
  convolutionScratch(taps: number): number;
  /** Scratch that a recurrent layer needs. */
  recurrentScratch(): number;
  /** What the packed kernel of a recurrent cell takes. */
  recurrentPanelBytes(cell: number, units: number, isBack: boolean): number;
  /** Scratch that a segment sum needs. */
  segmentScratch(rows: number, width: number, count: number): number;
  /** Rows of a block whose sums a normalisation takes by themselves. */
  rowsOfBlock(width: number): number;
  /** Such blocks, of all rows. */
  blocksOf(rows: number, width: number): number;
}
