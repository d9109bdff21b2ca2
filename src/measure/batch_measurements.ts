import type { TensorStatistics } from "./tensor_statistics.ts";

/**
 * The features of a tensor: the units of its last axis, each over all examples and all other axes. An image
 * has one for each channel, one number an example is one feature. A feature with an entry that is not finite is
 * counted, and nothing else is said of it.
 */
export interface FeatureMeasurements {
  /** How many features there are. */
  count: number;
  /** How many have one value throughout. */
  constant: number;
  /** Of those that vary, the largest |mean| / std; `null` where none does. */
  largestOffset: number | null;
  /** The largest standard deviation; likewise. */
  largestStd: number | null;
  /** The smallest standard deviation; likewise. */
  smallestStd: number | null;
}

/** One input tensor of the batch. */
export interface InputMeasurements {
  /** Name of the model's input. */
  name: string;
  /** Shape, examples first. */
  shape: number[];
  /** TensorFlow.js dtype. */
  dtype: string;
  /** True where the entries are indices that an embedding looks up, of whatever dtype; else absent. */
  lookedUp?: boolean;
  /**
   * Names of the layers at the front of the model that scale it before anything else sees it, as
   * `Rescaling` and a normalisation do; absent where there is none.
   */
  scaledBy?: string[];
  /** True where each row (along the last axis, of two entries or more) has the l2 norm 1; else absent. */
  unitRows?: boolean;
  /**
   * The share of the rows (along the last axis, of two entries or more) that are one number throughout, as padding
   * is. Absent where there are none, and where entries are looked up.
   */
  constantRows?: number;
  /** Statistics of the values. */
  values: TensorStatistics;
  /** Its features; absent where the entries are looked up, and where each feature has one entry. */
  features?: FeatureMeasurements;
  /**
   * As {@linkcode LayerMeasurements.spread}: the share of the second moment that tells examples apart, or
   * `null`. Absent where the entries are looked up.
   */
  spread?: number | null;
}

/** Classes that are given by their numbers. */
export interface ClassMeasurements {
  /** How many units the output has: classes are 0 to `units - 1`. */
  units: number;
  /** The least number; `null` where all are NaN or infinite. */
  least: number | null;
  /** The largest number; likewise. */
  most: number | null;
  /** How many are no whole number, NaN and the infinities among them. */
  fractions: number;
}

/** One target tensor of the batch. */
export interface TargetMeasurements {
  /** Name of the output it belongs to. */
  name: string;
  /** Shape, examples first. */
  shape: number[];
  /** Statistics of the values. */
  values: TensorStatistics;
  /** Of the classes that `sparseCategoricalCrossentropy` takes; absent for other losses. */
  classes?: ClassMeasurements;
  /**
   * Mean over the examples for each output unit (last axis), which for one-hot targets is the share
   * of each class; for the integer targets of `sparseCategoricalCrossentropy` the share of each class
   * as well. `null` beyond 1000 units.
   */
  unitMeans: number[] | null;
  /** Its features, one for each unit; absent for classes, and where each feature has one entry. */
  features?: FeatureMeasurements;
  /** As that of an input; absent for classes. */
  spread?: number | null;
}

/** A metric that the model was compiled with, on the outputs of the pass. */
export interface MetricMeasurements {
  /** Its name, as it was told to `model.compile`; that of a function. */
  name: string;
  /** The output that it is of, by name; absent where the model has one output. */
  output?: string;
  /** The mean over the batch, as `model.evaluate` has it; `null` where it cannot be evaluated. */
  value: number | null;
  /** Why it cannot be evaluated; absent where it can. */
  reason?: string;
}

/** Settings of a loss of Keras; an absent one is as Keras has it by default. */
export interface LossMeasurements {
  /** Name of the loss. */
  name: string;
  /** Output that it is of, by name; absent if the model has one output. */
  output?: string;
  /** Share of the targets that is spread evenly over the classes. */
  labelSmoothing?: number;
  /** `sum` if the losses of all rows are added up; absent for their mean. */
  reduction?: "sum";
  /** Factor of the loss: `loss_weights`. */
  weight?: number;
  /** Of the Huber loss: largest error that is squared. */
  delta?: number;
  /** Of a focal loss: weight of the classes, or of label 1. */
  alpha?: number;
  /** Of a focal loss: exponent of the factor for doubt. */
  gamma?: number;
  /** Of the binary focal loss: true if `alpha` weighs the labels. */
  balanced?: boolean;
}

/** The objective on a batch. */
export interface ObjectiveMeasurements {
  /** `sum`, the name of a loss, or the name of a function. */
  name: string;
  /** J on the batch. */
  value: number;
  /** Losses of the outputs, if one of them is set otherwise than by default; an untrained output has none. */
  losses?: LossMeasurements[];
  /**
   * If no objective was given: `compiled` for the loss that the model was compiled with, `head` for the
   * loss that fits a head whose outputs always add up to the same. Absent for a given objective and for
   * the sum.
   */
  chosenBy?: "compiled" | "head";
  /**
   * What all regularizers add to the loss in training, at the weights as they are; part of `value` only where
   * it was asked for. Absent where the model has none.
   */
  penalty?: number;
  /** The metrics that the model was compiled with, beside a loss that it was compiled with. */
  metrics?: MetricMeasurements[];
  /** True where the batch had no targets for it, so that they were drawn at random; else absent. */
  randomTargets?: boolean;
}
