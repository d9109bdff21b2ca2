/** Number of a tensor's entries beyond two bounds. */
export interface FlatCounts {
  /** Number of entries <= the lower bound. */
  low: number;
  /** Number of entries >= the upper bound that are not <= the lower. */
  high: number;
  /** Number of NaN entries. */
  nan: number;
  /**
   * Nonzero for each unit that has an entry between the bounds, or a NaN. On the heap: valid until
   * the next call.
   */
  active: Int32Array;
}
