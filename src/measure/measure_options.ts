import type { Objective } from "../model/objective.ts";

/** How far a pass has come. */
export interface PassProgress {
  /** Which half of the pass runs. */
  phase: "forward" | "backward";
  /** How many layers it is through with. */
  done: number;
  /** How many layers there are. */
  total: number;
}

/** Options of `measure`. */
export interface MeasureOptions {
  /**
   * The scalar to differentiate. Default: the loss that the model was compiled with, else `"sum"`, the
   * sum of the outputs. A softmax (or a layer normalisation) at the end always has the same sum, so
   * there the default is the loss that fits the head. Where a default loss finds no targets in the
   * batch, they are drawn at random from its seed.
   */
  objective?: Objective;
  /**
   * Whether batch normalisation runs on its moving statistics or on those of the batch. The moving
   * statistics are the same afterwards either way. Dropout is always off.
   *
   * Default: `"training"` for a layer whose moving statistics are still 0 and 1 and a batch of two
   * examples or more, as in the first training step: in inference such a layer normalises nothing, and
   * the activations of a healthy residual network grow with its depth. Else `"inference"`.
   */
  batchNormalization?: "inference" | "training";
  /** Whether the penalties of the layers' regularizers are part of the objective. Default: false. */
  penalties?: boolean;
  /**
   * Whether to count the binary exponents of z, a, their gradients and dJ/dw, which `halfPrecisionFit` takes.
   * Default: false. It takes about twice the time of their sums.
   */
  histograms?: boolean;
  /** Where the model comes from, for reports. Default: `null`. */
  source?: string | null;
  /** Seed that the model was made under, for reports. Default: `null`. */
  seed?: number | null;
  /** Called during the pass, after every layer, forward and backward. */
  onProgress?: (progress: PassProgress) => void;
}
