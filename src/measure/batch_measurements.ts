import type { TensorStatistics } from "./tensor_statistics.ts";

/**
 * Features of a tensor: the units of its last axis, each over all examples and all other axes. An
 * image has one per channel; one number per example is one feature. Features with a non-finite
 * entry are counted, but not measured.
 */
export interface FeatureMeasurements {
  /** Number of features. */
  count: number;
  /** Number of constant features. */
  constant: number;
  /** Largest |mean| / std of the features that vary; `null` if none does. */
  largestOffset: number | null;
  /** Largest standard deviation; likewise. */
  largestStd: number | null;
  /** Smallest standard deviation; likewise. */
  smallestStd: number | null;
}

/** Input tensor of the batch. */
export interface InputMeasurements {
  /** Name of the model's input. */
  name: string;
  /** Shape, examples first. */
  shape: number[];
  /** TensorFlow.js dtype. */
  dtype: string;
  /** True if an embedding looks up the entries, whatever their dtype; else absent. */
  lookedUp?: boolean;
  /**
   * Names of the layers that scale the input before any other layer reads it, such as `Rescaling`
   * or a normalisation; absent if there are none.
   */
  scaledBy?: string[];
  /**
   * True if each row (along the last axis, of two entries or more) has the l2 norm 1; else absent.
   */
  unitRows?: boolean;
  /**
   * Share of the constant rows, such as padding (along the last axis, of two entries or more).
   * Absent if there are none, or if the entries are looked up.
   */
  constantRows?: number;
  /** Statistics of the values. */
  values: TensorStatistics;
  /** Features; absent if the entries are looked up, or if each feature has one entry. */
  features?: FeatureMeasurements;
  /**
   * Share of the second moment that tells examples apart, as in
   * {@linkcode LayerMeasurements.spread}, or `null`. Absent if the entries are looked up.
   */
  spread?: number | null;
}

/** Classes given by their numbers. */
export interface ClassMeasurements {
  /** Number of units of the output: classes are 0 to `units - 1`. */
  units: number;
  /** Smallest number; `null` if all are NaN or infinite. */
  least: number | null;
  /** Largest number; likewise. */
  most: number | null;
  /** Number of entries that are not whole numbers, including NaN and the infinities. */
  fractions: number;
}

/** Target tensor of the batch. */
export interface TargetMeasurements {
  /** Name of its output. */
  name: string;
  /** Shape, examples first. */
  shape: number[];
  /** Statistics of the values. */
  values: TensorStatistics;
  /** Classes, if the loss is `sparseCategoricalCrossentropy`; absent for other losses. */
  classes?: ClassMeasurements;
  /**
   * Mean over the examples for each output unit (last axis). For one-hot targets, and for the
   * integer targets of `sparseCategoricalCrossentropy`, it is the share of each class. `null`
   * beyond 1000 units.
   */
  unitMeans: number[] | null;
  /** Features, one per unit; absent for classes, or if each feature has one entry. */
  features?: FeatureMeasurements;
  /** Share of the second moment that tells examples apart, as for an input; absent for classes. */
  spread?: number | null;
}

/** Metric that the model was compiled with, evaluated on the outputs of the pass. */
export interface MetricMeasurements {
  /** Name passed to `model.compile`, or the name of the function. */
  name: string;
  /** Name of its output; absent if the model has one output. */
  output?: string;
  /** Mean over the batch, as `model.evaluate` computes it; `null` if it cannot be evaluated. */
  value: number | null;
  /** Reason why it cannot be evaluated; else absent. */
  reason?: string;
}

/** Settings of a Keras loss; an absent one has Keras's default. */
export interface LossMeasurements {
  /** Name of the loss. */
  name: string;
  /** Name of its output; absent if the model has one output. */
  output?: string;
  /** Share of the targets that is spread evenly over the classes. */
  labelSmoothing?: number;
  /** `sum` if the losses of all rows are added up; absent for their mean. */
  reduction?: "sum";
  /** Factor of the loss: `loss_weights`. */
  weight?: number;
  /** Largest error that the Huber loss squares. */
  delta?: number;
  /** Weight of the classes, or of label 1, in a focal loss. */
  alpha?: number;
  /** Exponent of the factor for doubt in a focal loss. */
  gamma?: number;
  /** True if `alpha` weighs the labels of a binary focal loss. */
  balanced?: boolean;
}

/** Objective on a batch. */
export interface ObjectiveMeasurements {
  /** `sum`, the name of a loss, or the name of a function. */
  name: string;
  /** Value of J on the batch. */
  value: number;
  /**
   * Losses of the outputs, if one of them has settings other than the defaults; an untrained output
   * has none.
   */
  losses?: LossMeasurements[];
  /**
   * Source of the objective if none was given: `compiled` for the loss that the model was compiled
   * with, `head` for the loss that fits a head whose outputs always have the same sum. Absent for a
   * given objective and for the sum.
   */
  chosenBy?: "compiled" | "head";
  /**
   * Sum that all regularizers add to the loss in training, at the current weights; part of `value`
   * only if requested. Absent if the model has none.
   */
  penalty?: number;
  /** Metrics that the model was compiled with, if the objective is its compiled loss. */
  metrics?: MetricMeasurements[];
  /**
   * True if the batch had no targets for the objective, so that they were drawn at random; else
   * absent.
   */
  randomTargets?: boolean;
}
