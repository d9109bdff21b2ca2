import type { ProbeSubject } from "./probe_subject.ts";

/**
 * What training on a batch has shown: `learns`, `slow`: some of the way in the steps that were taken,
 * `fails`: no better than a constant answer, `undecided`: the loss has no scale to tell, or the budget ended the trial
 * before it failed at every rate.
 */
export type TrialVerdict = "learns" | "slow" | "fails" | "undecided";

/**
 * Why a network does not learn, as far as training tells: no weight is `frozen` but all are; loss or
 * weights are `not finite`; the `penalties` of the layers drown the loss; the network ends up `guessing`,
 * with the loss of one answer for every example; most of its layers are `still layers`, which training does
 * not reach; or it makes `no progress`.
 */
export type TrialReason =
  | "frozen"
  | "not finite"
  | "penalties"
  | "guessing"
  | "still layers"
  | "no progress";

/** What training has done to a layer. */
export interface LayerTraining {
  /** Path of the layer. */
  layer: string;
  /** Norm of what the first step changed over the norm of the weights; `null` for weights of 0. */
  updateRatio: number | null;
  /** Norm of the weights at the end over that at the start; `null` where one is 0 or not finite. */
  growth: number | null;
  /** The share of its weights that are others at the end. */
  moved: number;
  /** The first step (from 0) whose gradient was not finite, or `null`. */
  nonFiniteGradient: number | null;
}

/** Training from the very weights by one optimizer at one rate. */
export interface Attempt {
  /** Class name of the optimizer. */
  optimizer: string;
  /** Its learning rate; `null` where it has none that is known. */
  learningRate: number | null;
  /** Whether optimizer and rate are those that the model was compiled with, or that were asked for. */
  given: boolean;
  /** How many steps were taken: fewer than allowed where it has learned, or the loss is not finite. */
  steps: number;
  /** The loss without penalties, and with dropout off at the first and the last look. */
  loss: {
    /** Before the first step. */
    first: number;
    /** After the last step. */
    last: number;
    /** The least of all looks, those while training included. */
    least: number;
  };
  /** The penalties of the layers. */
  penalty: {
    /** Before the first step. */
    first: number;
    /** Before the last step. */
    last: number;
    /** The norm of their gradient over that of the loss in the first step; `null` where one is unknown or 0. */
    gradientRatio: number | null;
    /** That they undid what was fitted on the way. */
    won?: true;
  };
  /** The share of the examples classified right after the last step; `null` where there are no classes. */
  accuracy: number | null;
  /**
   * How far the batch is fitted after the last step: 0 for the best constant answer, 1 for all that can be
   * had, below 0 for less than guessing. `null` where the loss has no scale to tell.
   */
  fit: number | null;
  /** Name of the output that is fitted least, and so counts, where there are several. */
  behind?: string;
  /** That the budget ended it while more steps might have helped. */
  cut?: true;
  /** After how many steps the loss was not finite, or `null`. */
  nonFiniteStep: number | null;
  /** What it shows. */
  verdict: TrialVerdict;
  /** How many of the layers stand still: hardly any of their weights has moved. */
  stillLayers: number;
  /** The layers that have trainable weights. */
  layers: LayerTraining[];
}

/** A short training on a batch. */
export interface Trial extends ProbeSubject {
  /** What was minimised, beside the penalties of the layers. */
  objective: { name: string };
  /** Whether the targets were drawn at random, since the batch has none that suit. */
  randomTargets: boolean;
  /** The loss of the best constant answer, or `null` where it is not known. */
  guess: number | null;
  /** The verdict of the attempt that came furthest. */
  verdict: TrialVerdict;
  /** The verdict at the rate that was compiled or asked for, or `null` where there was none. */
  givenVerdict: TrialVerdict | null;
  /** Why it fails or is slow; `null` where it is neither, or slow for no reason that shows. */
  reason: TrialReason | null;
  /** What was tried, in this order, up to the first that learned. */
  attempts: Attempt[];
  /** Number of rates that the budget had no room for; absent if there are none. */
  untried?: number;
  /** Number of examples that it trained on; absent if it was the whole batch. */
  examples?: number;
  /** Which of them came furthest; `null` where there was none, since no weight is trainable. */
  best: number | null;
}

/** A trial that did not take place, or was stopped. */
export interface SkippedTrial {
  /** Why, as the end of a sentence that begins with "Trial skipped:". */
  skipped: string;
  /** How many seconds it takes on a slow machine, as estimated. */
  seconds: number;
}
