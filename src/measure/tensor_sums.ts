/** The sums over one tensor from which its statistics follow; all but `count` over finite entries. */
export interface TensorSums {
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
}
