/** Values that the targets of a loss may have. */
export type TargetKind =
  /** Any number. */
  | "numbers"
  /** Non-negative numbers. */
  | "positive numbers"
  /** Non-negative integers. */
  | "counts"
  /** Class probabilities, such as one-hot rows: a row adds up to 1. */
  | "shares"
  /** Class indices, one for each row. */
  | "classes"
  /** 0 or 1 for each unit. */
  | "labels"
  /** -1 or 1 for each unit. */
  | "signs";

/** Family of a loss: losses of one family fit the same heads. */
export type LossFamily =
  /** Cross-entropy between classes that exclude each other. */
  | "classes"
  /** Cross-entropy of each label separately. */
  | "labels"
  /** Distance between numbers. */
  | "regression"
  /** Margin of a classifier. */
  | "hinge"
  /** Overlap of the shares of a mask with the mask, as for segmentation. */
  | "overlap"
  | "other";

/** Properties of a loss. */
export interface LossTraits {
  /** Other names, mainly in Keras and PyTorch: lower-case letters and digits only. */
  aliases: readonly string[];
  /** Kind of its targets. */
  targets: TargetKind;
  /** Losses that are judged alike. */
  family: LossFamily;
  /** Activation that the loss applies to its input; absent if it applies none. */
  logits?: "softmax" | "sigmoid";
  /** Function of the targets that the best outputs are; default: the targets themselves. */
  answer?: "logarithm";
  /** True if the best constant answer is the mean of the targets. */
  bestIsMean: boolean;
  /** True if the scale of the targets decides how large the gradient is. */
  comparesNumbers?: boolean;
  /** Set if the classes may be on axis 1, if the targets say so. Default: on the last axis. */
  classAxis?: "last or 1";
  /** Loss that it is if its targets are shares, one for each output of an example. */
  ofShares?: "categoricalCrossentropyFromLogits";
  /**
   * Shapes that PyTorch's function takes besides that of the output: any that broadcast against it,
   * targets that broadcast to it, or none. Absent for losses of classes and of other libraries.
   */
  shapes?: "broadcast" | "broadcast targets" | "same";
  /** True if guessing costs what the shares of the classes or the variance of the targets say. */
  hasKnownGuess?: boolean;
  /** True if a sum adds up units, not the means of rows of units. */
  sumsUnits?: true;
  /**
   * Place where it is computed: in TensorFlow.js under its name, here, or in a function of
   * `tf.losses`.
   */
  from: "name" | "here" | "tf.losses";
}

/** Options of a loss of Keras or PyTorch; an absent one has the default there. */
export interface LossOptions {
  /** Share of the targets that is spread evenly over the classes. */
  labelSmoothing?: number;
  /**
   * `sum` adds up the losses of all rows, `batchmean` divides this sum by the number of examples;
   * default: the mean.
   */
  reduction?: "sum" | "batchmean";
  /** Factor of the loss, from `loss_weights`. */
  weight?: number;
  /** Largest error that a Huber loss squares. */
  delta?: number;
  /** Weight of the classes, or of label 1, in a focal loss; of missed labels in a Tversky loss. */
  alpha?: number;
  /** Weight of false alarms in a Tversky loss. */
  beta?: number;
  /** Axes over which an overlap is summed; default: all. */
  axes?: readonly number[];
  /** Exponent of the factor for doubt in a focal loss. */
  gamma?: number;
  /** True if `alpha` weighs the labels of a binary focal loss. */
  balanced?: boolean;
  /** True if a hinge takes targets that are all 0 or 1 for -1 and 1, as Keras does. */
  takesLabels?: boolean;
  /** Weight of each class. */
  classWeights?: readonly number[];
  /** Target that excludes a position; default: {@linkcode IGNORED_CLASS}. */
  ignoredClass?: number;
  /** Axis of the classes in targets that are shares; default: the last. */
  classAxis?: 1;
  /** Weight of each unit. */
  unitWeights?: readonly number[];
  /** Weight of the label 1 of each unit. */
  positiveWeights?: readonly number[];
  /** Smallest difference that costs nothing. */
  margin?: number;
  /** Exponent of a margin: 1 or 2. */
  exponent?: number;
  /** False if a Poisson loss takes rates, not their logarithms. */
  takesLogs?: boolean;
  /** True if a Poisson loss adds Stirling's approximation of the logarithm of the factorial. */
  full?: boolean;
  /** Number added to the rates of a Poisson loss. */
  epsilon?: number;
  /** True if the targets of a divergence are logarithms. */
  logTargets?: boolean;
}

/** Target value that excludes a position from the loss, in PyTorch's losses of classes. */
export const IGNORED_CLASS = -100;
