/** The sums over a run of entries from which its statistics follow; all over the finite entries. */
export interface Sums {
  /** Number of entries. */
  count: number;
  /** Number of finite entries. */
  finite: number;
  /** Sum of |x|. */
  sumAbs: number;
  /** Sum of x squared. */
  sumSquares: number;
  /** Largest |x|. */
  maxAbs: number;
  /** Number of exact zeros. */
  zeros: number;
  /** Mean of x. */
  mean: number;
  /** Sum of (x - mean) squared. */
  squaredDeviations: number;
  /** How many entries have each exponent as float32 stores it, 0 to 255; only where it was asked for. */
  exponents?: Float64Array;
}
