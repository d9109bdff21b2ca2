import type { ProbeSubject } from "./probe_subject.ts";

/**
 * Verdict of a training on a batch: `learns`; `slow`: it got part of the way in the steps taken;
 * `fails`: no better than a constant answer; `undecided`: the loss has no scale, or the budget
 * ended the trial before it failed at every rate.
 */
export type TrialVerdict = "learns" | "slow" | "fails" | "undecided";

/**
 * Reason why a network does not learn, as far as training shows: all weights are `frozen`; loss or
 * weights are `not finite`; the `penalties` of the layers drown the loss; the network ends up
 * `guessing`, with the loss of one answer for every example; most of its layers are `still layers`,
 * which training does not reach; or it makes `no progress`.
 */
export type TrialReason =
  | "frozen"
  | "not finite"
  | "penalties"
  | "guessing"
  | "still layers"
  | "no progress";

/** Effect of training on a layer. */
export interface LayerTraining {
  /** Path of the layer. */
  layer: string;
  /** Norm of the first step's change over the norm of the weights; `null` for weights of 0. */
  updateRatio: number | null;
  /** Norm of the weights at the end over that at the start; `null` if one is 0 or not finite. */
  growth: number | null;
  /** Share of its weights that have changed by the end. */
  moved: number;
  /** First step (from 0) whose gradient was not finite, or `null`. */
  nonFiniteGradient: number | null;
}

/** Training from the model's original weights by one optimizer at one rate. */
export interface Attempt {
  /** Class name of the optimizer. */
  optimizer: string;
  /** Learning rate; `null` if it has none that is known. */
  learningRate: number | null;
  /** True if optimizer and rate are those that were compiled or requested. */
  given: boolean;
  /** Number of steps taken: fewer than allowed if it has learned, or the loss is not finite. */
  steps: number;
  /** Loss without penalties, and with dropout off at the first and the last look. */
  loss: {
    /** Before the first step. */
    first: number;
    /** After the last step. */
    last: number;
    /** Smallest loss of all looks, those during training included. */
    least: number;
  };
  /** Penalties of the layers. */
  penalty: {
    /** Before the first step. */
    first: number;
    /** Before the last step. */
    last: number;
    /**
     * Norm of their gradient over that of the loss in the first step; `null` if one is unknown or
     * 0.
     */
    gradientRatio: number | null;
    /** True if they undid the fit. */
    won?: true;
  };
  /** Share of the examples classified right after the last step; `null` if there are no classes. */
  accuracy: number | null;
  /**
   * Fit of the batch after the last step: 0 for the best constant answer, 1 for a perfect fit,
   * below 0 for worse than guessing. `null` if the loss has no scale.
   */
  fit: number | null;
  /** Name of the output with the worst fit, which counts, if there are several. */
  behind?: string;
  /** True if the budget ended it while more steps might have helped. */
  cut?: true;
  /** Number of steps after which the loss was not finite, or `null`. */
  nonFiniteStep: number | null;
  /** Verdict on it. */
  verdict: TrialVerdict;
  /** Number of still layers, hardly any of whose weights has moved. */
  stillLayers: number;
  /** Layers with trainable weights. */
  layers: LayerTraining[];
}

/** Short training on a batch. */
export interface Trial extends ProbeSubject {
  /** Minimised objective, besides the penalties of the layers. */
  objective: { name: string };
  /** True if the targets were drawn at random because the batch has no suitable ones. */
  randomTargets: boolean;
  /** Loss of the best constant answer, or `null` if unknown. */
  guess: number | null;
  /** Verdict of the best attempt. */
  verdict: TrialVerdict;
  /** Verdict at the compiled or requested rate, or `null` if there was none. */
  givenVerdict: TrialVerdict | null;
  /** Reason why it fails or is slow; `null` if it is neither, or slow without a visible reason. */
  reason: TrialReason | null;
  /** Attempts in order, up to the first that learned. */
  attempts: Attempt[];
  /** Number of rates that did not fit the budget; absent if there are none. */
  untried?: number;
  /** Number of examples trained on; absent if it was the whole batch. */
  examples?: number;
  /** Index of the best attempt; `null` if there was none, because no weight is trainable. */
  best: number | null;
}

/** Trial that was skipped or stopped. */
export interface SkippedTrial {
  /** Reason, as the end of a sentence that begins with "Trial skipped:". */
  skipped: string;
  /** Estimated duration in seconds on a slow machine. */
  seconds: number;
}
