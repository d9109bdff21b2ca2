import {
  count,
  list,
  nullable,
  number,
  object,
  optional,
  type Shape,
  string,
} from "../ground/words/shape.ts";

/** Signals of one layer at one step. */
export interface LayerSignals {
  /** Name of the layer or of its weight. */
  layer: string;
  /** l2 norm of the change over that of the kernel before the step; `null` for a kernel of 0. */
  updateRatio?: number | null;
  /** Mean |dJ/dw| of the kernel. */
  gradient?: number | null;
  /** Share of the units that are off for every example. */
  dead?: number | null;
  /** Share of the entries at a bound of the activation. */
  saturated?: number | null;
  /** Largest |score| of an attention, before its softmax. */
  attentionLogit?: number | null;
  /** Mean entropy of the rows of an attention, from 0 to 1. */
  attentionEntropy?: number | null;
}

/** Return to an earlier state at a lower rate. */
export interface Lowered {
  /** Step after which it was decided. */
  at: number;
  /** Step whose weights were put back. */
  backTo: number;
  /** Learning rate before. */
  from: number;
  /** Learning rate now. */
  to: number;
}

/** Signals of a training step: a row of a log. Signals that were not measured are absent or `null`. */
export interface TrainingStep {
  /** Number of batches trained on; 0 before the first one. */
  step: number;
  /** Epoch, counted from 1. */
  epoch?: number | null;
  /** Loss on the step's own batch, before its update. */
  loss?: number | null;
  /** l2 norm of all gradients. */
  gradientNorm?: number | null;
  /** Largest update of a kernel: l2 of its change over l2 of the kernel before. */
  updateRatio?: number | null;
  /** Actual over predicted decrease of the loss on the step's own batch. */
  decreaseRatio?: number | null;
  /** Largest l2 of a kernel over that before training. */
  growth?: number | null;
  /** Smallest l2 of a kernel over that before training. */
  shrinkage?: number | null;
  /** Penalties of the weights as a share of the loss. */
  penalty?: number | null;
  /** Loss on held-out data. */
  validationLoss?: number | null;
  /** Learning rate. */
  learningRate?: number | null;
  /** Median of g^2 over Adam's second moment. */
  secondMomentRatio?: number | null;
  /** Number of this batch in its epoch, counted from 0. */
  batch?: number | null;
  /** Largest |input| of the batch; NaN if one is not finite. */
  largestInput?: number | null;
  /** Largest |target| of the batch; NaN if one is not finite. */
  largestTarget?: number | null;
  /** Examples of the batch whose inputs or targets are not finite, counted from 0. */
  badExamples?: readonly number[];
  /** Examples of the batch whose class number no output has, counted from 0. */
  badClasses?: readonly number[];
  /** Examples of the batch whose loss is not finite although that of others is, counted from 0. */
  failedExamples?: readonly number[];
  /** Layers with entries that are not finite, and the pass in which they arose. */
  nonFinite?: { layer: string; pass: "forward" | "backward" | "update" } | null;
  /** Signals of the layers. */
  layers?: readonly LayerSignals[];
}

const signal = optional(nullable(number));

/** Shape of the row of a step. */
export const trainingStepShape: Shape<unknown> = object({
  step: number,
  epoch: signal,
  loss: signal,
  gradientNorm: signal,
  updateRatio: signal,
  decreaseRatio: signal,
  growth: signal,
  shrinkage: signal,
  penalty: signal,
  validationLoss: signal,
  learningRate: signal,
  secondMomentRatio: signal,
  batch: signal,
  largestInput: signal,
  largestTarget: signal,
  badExamples: optional(list(count)),
  badClasses: optional(list(count)),
  failedExamples: optional(list(count)),
  layers: optional(list(object({
    layer: string,
    updateRatio: signal,
    gradient: signal,
    dead: signal,
    saturated: signal,
    attentionLogit: signal,
    attentionEntropy: signal,
  }))),
});
