import type { LayersModel, Optimizer } from "../../engine/tensorflow.ts";
import type { Batch } from "../model/batches/batch.ts";
import type { Objective } from "../model/objective.ts";

/** Options of probes. Each probe uses only some of them. */
export interface ProbeOptions {
  /** Scalar J. Default: the loss that the model was compiled with, else `"sum"`. */
  objective?: Objective;
  /** Seed that the model was made with, for messages. Default: unknown. */
  seed?: number;
  /**
   * Optimizer of the training steps. The probe uses a copy, so the optimizer's own state does not
   * change. Default: the optimizer that the model was compiled with, else `tf.train.adam(0.001)`.
   */
  optimizer?: Optimizer;
  /**
   * Custom training step on the batch, with the copy of the optimizer. Default: the step that
   * `model.fit` takes: J and the penalties of the layers, dropout and batch normalisation in
   * training mode, the trainable weights of the model.
   */
  train?: TrainingStep;
}

/** Custom training step. */
export type TrainingStep = (
  model: LayersModel,
  batch: Batch,
  optimizer: Optimizer,
) => void | Promise<void>;

/** Subject of a probe, as messages describe it. */
export interface ProbeSubject {
  /** The model. */
  model: {
    /** Its name. */
    name: string;
    /** Its file, or `null` if unknown. */
    source?: string | null;
  };
  /** Seed that the model was made with, or `null` if unknown. */
  seed: number | null;
  /** The batch. */
  batch: {
    /** Number of examples. */
    examples: number;
    /** Seed of a random batch, or `null` for a given one. */
    seed: number | null;
  };
  /** Differentiated or minimised objective; absent if the probe needs none. */
  objective?: {
    /** `sum`, the name of a loss, or the name of a function. */
    name: string;
  };
}

/**
 * Number of weights needed to memorise one noisy target: with fewer, healthy networks do not
 * memorise it in 40 steps.
 */
export const WEIGHTS_PER_TARGET = 4;

/** Default time limit of a trial, in seconds. */
export const TRIAL_BUDGET = 10;
