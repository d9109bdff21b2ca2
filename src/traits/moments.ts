/** Size of a tensor's entries, over units, positions and examples. */
export interface Moments {
  /** Mean of the squared entries. */
  meanSquare: number;
  /** Mean of the entries. */
  mean: number;
}

/** Measured moments of a tensor that a layer reads. */
export interface InputMoments extends Moments {
  /** Shape, examples first. */
  shape: readonly number[];
}

/** Measured moments of a weight. */
export interface WeightMoments extends Moments {
  /** Name, such as `layer/kernel`. */
  name: string;
  /** Shape. */
  shape: readonly number[];
}

/** Expected output and gradients of a custom layer. */
export interface DeclaredSignals {
  /** Expected size of its output. */
  output: Moments;
  /**
   * For each input, the squared l2 norm of dJ/d(input) over the squared l2 norm of dJ/d(output);
   * `null` if unknown: theory then continues from the measured gradient.
   */
  gradients: readonly number[] | null;
}

/**
 * Predicts the size of a custom layer's output and gradients from its inputs and weights, for the
 * theory. It is called once a pass, with the measured moments; if theory expects an input of
 * another size, it scales the output with the first input.
 *
 * @param inputs The layer's inputs, in order.
 * @param weights Its weights, in order.
 * @returns The sizes, or `null` if they cannot be predicted.
 */
export type MomentsRule = (
  inputs: readonly InputMoments[],
  weights: readonly WeightMoments[],
) => DeclaredSignals | null;
