/** How large the entries of a tensor are, over units, positions and examples. */
export interface Moments {
  /** Mean of the squared entries. */
  meanSquare: number;
  /** Mean of the entries. */
  mean: number;
}

/** What was measured of a tensor that a layer reads. */
export interface InputMoments extends Moments {
  /** Its shape, examples first. */
  shape: readonly number[];
}

/** What was measured of a weight. */
export interface WeightMoments extends Moments {
  /** Its name, `layer/kernel` for instance. */
  name: string;
  /** Its shape. */
  shape: readonly number[];
}

/** What a custom layer should make of the signals that it is fed. */
export interface DeclaredSignals {
  /** How large its output should be. */
  output: Moments;
  /**
   * For each input, the squared l2 norm of dJ/d(input) over the squared l2 norm of dJ/d(output); `null`
   * where that is not known: theory then goes on from the gradient that was measured.
   */
  gradients: readonly number[] | null;
}

/**
 * What theory says of a custom layer: how large its output and its gradients should be, by its inputs and
 * weights. It is asked once a pass, with what was measured; where theory expects an input of another size,
 * the output is taken to grow with the first input.
 *
 * @param inputs What the layer reads, in order.
 * @param weights Its weights, in their order.
 * @returns The sizes, or `null` where it cannot tell.
 */
export type MomentsRule = (
  inputs: readonly InputMoments[],
  weights: readonly WeightMoments[],
) => DeclaredSignals | null;
