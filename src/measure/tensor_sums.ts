import type { Sums } from "../engine/native/sums.ts";

/** The sums over one tensor from which its statistics follow; all but `count` over finite entries. */
export interface TensorSums extends Sums {
  /** Number of entries, the non-finite ones included. */
  count: number;
}
