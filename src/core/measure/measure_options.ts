import type { LayersModel } from "../../engine/tensorflow.ts";
import { containerLayers, leafLayers } from "../model/layers/leaf_layers.ts";
import { batchShapes } from "../model/layers/shapes.ts";
import type { Objective } from "../model/objective.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { fittingExamples } from "./plan_memory.ts";

/** Progress of a pass. */
export interface PassProgress {
  /** Half of the pass that is running. */
  phase: "forward" | "backward";
  /** Number of layers done. */
  done: number;
  /** Number of layers. */
  total: number;
  /** Share of the whole pass, by the estimated cost of the layers: from 0 to 1. */
  share: number;
  /**
   * Number of the part of the batch that is running, from 1; absent if the batch runs in one go.
   */
  part?: number;
  /** Number of parts; likewise. */
  parts?: number;
}

/** Options of `measure`. */
export interface MeasureOptions {
  /**
   * Scalar to differentiate. Default: the loss that the model was compiled with, else `"sum"`, the
   * sum of the outputs. The outputs of a softmax (or a layer normalisation) always have the same
   * sum, so for these the default is the loss that fits the head. If the batch has no targets for a
   * default loss, they are drawn at random from the batch's seed.
   */
  objective?: Objective;
  /**
   * Source of the statistics of batch normalisation: its moving ones or those of the batch. Either
   * way the moving statistics do not change. Dropout is always off.
   *
   * Default: `"training"` for a layer whose moving statistics are still 0 and 1 and a batch of two
   * examples or more, as in the first training step: in inference such a layer does not normalise,
   * and the activations of a healthy residual network would grow with its depth. Otherwise
   * `"inference"`.
   */
  batchNormalization?: "inference" | "training";
  /** True to include the penalties of the layers' regularizers in the objective. Default: false. */
  penalties?: boolean;
  /**
   * True to count the binary exponents of z, a, their gradients and dJ/dw, which `halfPrecisionFit`
   * needs, and to compare examples in the outputs of dense layers, which gives their `alikeness`.
   * Default: false. It takes about twice the time of their sums.
   */
  histograms?: boolean;
  /**
   * Number of examples to run at a time. If a pass does not fit the 4 GiB of the WASM heap, the
   * batch is run in parts: sums are merged in float64, and gradients of weights are added up before
   * their statistics are taken, so that figures match those of the whole batch to about 1e-6. The
   * objective is evaluated once, on the outputs of all parts, which costs a second forward pass.
   *
   * Default: `"auto"`, by an estimate of the memory that is the same on every machine: the whole
   * batch if it fits, else as many examples as do. If a layer may see more than one example (batch
   * normalisation on the batch's statistics, custom layers that were not registered as
   * `perExample`), or if not even one example fits, the batch stays whole, and tensors that are not
   * needed soon are moved off the heap, into as much memory of the process as the pass takes. A
   * number always cuts the batch; such layers then see only their part, and
   * {@linkcode Measurements.batch} names them.
   */
  microBatch?: number | "auto";
  /** Origin of the model, for reports. Default: `null`. */
  source?: string | null;
  /** Seed that the model was created under, for reports. Default: `null`. */
  seed?: number | null;
  /** Called during the pass, after every layer, forward and backward. */
  onProgress?: (progress: PassProgress) => void;
}

/** The model cannot be measured; the message names the layer and the reason in one sentence. */
export class MeasureError extends InputError {
  /** Name of the class, for code that cannot use `instanceof`. */
  override readonly name = "MeasureError";
}

/** Number of examples drawn by default. */
const EXAMPLES = 32;

/**
 * Returns the number of examples to draw for a model by default: 32, halved until the pass fits the
 * WASM heap in one go, but at least 1. A model built for a fixed batch size gets that size.
 */
export function defaultExamples(model: LayersModel): number {
  const [{ shape: [fixed] }] = model.inputs;
  if (fixed !== null) return fixed;
  const layers = leafLayers(model).map(({ layer }) => layer);
  const inputs = batchShapes(model, { examples: 1 });
  const fitting = fittingExamples({ model, layers, containers: containerLayers(model), inputs });
  let examples = EXAMPLES;
  while (examples > fitting && examples > 1) examples /= 2;
  return examples;
}
