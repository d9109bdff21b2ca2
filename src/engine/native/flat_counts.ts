/** How the entries of a tensor lie to two bounds. */
export interface FlatCounts {
  /** Entries <= the lower bound. */
  low: number;
  /** Entries >= the upper bound, and not <= the lower. */
  high: number;
  /** Entries that are NaN. */
  nan: number;
  /** For each unit, not 0 where it has an entry between the bounds, or one that is NaN. On the heap: valid until the next call. */
  active: Int32Array;
}
