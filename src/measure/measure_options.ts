import type { Objective } from "../model/objective.ts";

/** How far a pass has come. */
export interface PassProgress {
  /** Which half of the pass is running. */
  phase: "forward" | "backward";
  /** How many layers are done. */
  done: number;
  /** How many layers there are. */
  total: number;
  /** How much of the whole pass that is, by what the layers are estimated to cost: from 0 to 1. */
  share: number;
  /** Which part of the batch is run, the first being 1; absent where the batch is run in one go. */
  part?: number;
  /** How many parts there are; likewise. */
  parts?: number;
}

/** Options of `measure`. */
export interface MeasureOptions {
  /**
   * The scalar to differentiate. Default: the loss that the model was compiled with, else `"sum"`, the
   * sum of the outputs. The outputs of a softmax (or a layer normalisation) always have the same sum, so
   * there the default is the loss that fits the head. If the batch has no targets for a default loss,
   * they are drawn at random from the batch's seed.
   */
  objective?: Objective;
  /**
   * Whether batch normalisation uses its moving statistics or those of the batch. Either way the moving
   * statistics do not change. Dropout is always off.
   *
   * Default: `"training"` for a layer whose moving statistics are still 0 and 1 and a batch of two
   * examples or more, as in the first training step: in inference such a layer does not normalise, and
   * the activations of a healthy residual network would grow with its depth. Otherwise `"inference"`.
   */
  batchNormalization?: "inference" | "training";
  /** Whether the penalties of the layers' regularizers are part of the objective. Default: false. */
  penalties?: boolean;
  /**
   * Whether to count the binary exponents of z, a, their gradients and dJ/dw, which `halfPrecisionFit` takes,
   * and to compare examples in the outputs of dense layers, which gives their `alikeness`.
   * Default: false. It takes about twice the time of their sums.
   */
  histograms?: boolean;
  /**
   * How many examples to take at a time. A batch whose pass does not fit the 4 GiB of the WASM heap is taken in parts:
   * sums are put together in float64 and gradients of weights added up before their statistics are taken, so that
   * figures are those of the whole batch to some 1e-6. The objective is evaluated once, on the outputs of all parts,
   * which costs a second forward pass.
   *
   * Default: `"auto"`, by an estimate of the memory, which is the same on every machine: the whole batch where it fits,
   * else as many examples as do. Where a layer may see more than one example (batch normalisation on the batch's
   * statistics, custom layers that `registerLayer` was not told to be `perExample`), or not even one example fits, the batch stays whole, and tensors that are not needed
   * soon lie outside the heap, in as much memory of the process as the pass takes. A number cuts the batch in any case;
   * such layers then see only their part, and {@linkcode Measurements.batch} names them.
   */
  microBatch?: number | "auto";
  /** Where the model comes from, for reports. Default: `null`. */
  source?: string | null;
  /** Seed that the model was made under, for reports. Default: `null`. */
  seed?: number | null;
  /** Called during the pass, after every layer, forward and backward. */
  onProgress?: (progress: PassProgress) => void;
}
