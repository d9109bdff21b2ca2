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
  /** True if the best constant answer is the mean of the targets. */
  bestIsMean: boolean;
  /** True if the scale of the targets decides how large the gradient is. */
  comparesNumbers?: boolean;
  /** Set if the classes may be on axis 1, if the targets say so. Default: on the last axis. */
  classAxis?: "last or 1";
  /** Loss that it is if its targets are shares, one for each output of an example. */
  ofShares?: "categoricalCrossentropyFromLogits";
  /** True if guessing costs what the shares of the classes or the variance of the targets say. */
  hasKnownGuess?: boolean;
  /**
   * Place where it is computed: in TensorFlow.js under its name, here, or in a function of
   * `tf.losses`.
   */
  from: "name" | "here" | "tf.losses";
}

/** Options of a loss as Keras compiles it; an absent one has Keras's default. */
export interface LossOptions {
  /** Share of the targets that is spread evenly over the classes. */
  labelSmoothing?: number;
  /** `sum` adds up the losses of all rows; default: their mean. */
  reduction?: "sum";
  /** Factor of the loss, from `loss_weights`. */
  weight?: number;
  /** Largest error that the Huber loss squares. */
  delta?: number;
  /** Weight of the classes, or of label 1, in a focal loss. */
  alpha?: number;
  /** Exponent of the factor for doubt in a focal loss. */
  gamma?: number;
  /** True if `alpha` weighs the labels of a binary focal loss. */
  balanced?: boolean;
  /** True if a hinge takes targets that are all 0 or 1 for -1 and 1, as Keras does. */
  takesLabels?: boolean;
}

/** Known losses by name. */
export const LOSS_TRAITS = {
  meanSquaredError: {
    aliases: ["mse", "l2", "mseloss"],
    targets: "numbers",
    family: "regression",
    bestIsMean: true,
    comparesNumbers: true,
    hasKnownGuess: true,
    from: "name",
  },
  meanAbsoluteError: {
    aliases: ["mae", "l1", "l1loss"],
    targets: "numbers",
    family: "regression",
    bestIsMean: false,
    comparesNumbers: true,
    from: "name",
  },
  meanAbsolutePercentageError: {
    aliases: ["mape"],
    targets: "numbers",
    family: "other",
    bestIsMean: false,
    from: "name",
  },
  meanSquaredLogarithmicError: {
    aliases: ["msle"],
    targets: "positive numbers",
    family: "other",
    bestIsMean: false,
    from: "name",
  },
  squaredHinge: { aliases: [], targets: "signs", family: "hinge", bestIsMean: false, from: "name" },
  hinge: { aliases: [], targets: "signs", family: "hinge", bestIsMean: false, from: "name" },
  categoricalHinge: {
    aliases: [],
    targets: "shares",
    family: "other",
    bestIsMean: false,
    from: "name",
  },
  logcosh: { aliases: [], targets: "numbers", family: "other", bestIsMean: false, from: "name" },
  huber: {
    aliases: ["huberloss"],
    targets: "numbers",
    family: "regression",
    bestIsMean: false,
    comparesNumbers: true,
    from: "here",
  },
  categoricalCrossentropy: {
    aliases: ["cce", "crossentropy", "softmaxcrossentropy"],
    targets: "shares",
    family: "classes",
    bestIsMean: true,
    hasKnownGuess: true,
    from: "name",
  },
  categoricalCrossentropyFromLogits: {
    aliases: ["softmaxcrossentropywithlogits"],
    targets: "shares",
    family: "classes",
    logits: "softmax",
    bestIsMean: true,
    hasKnownGuess: true,
    from: "here",
  },
  sparseCategoricalCrossentropy: {
    aliases: ["scce"],
    targets: "classes",
    family: "classes",
    bestIsMean: true,
    hasKnownGuess: true,
    from: "name",
  },
  sparseCategoricalCrossentropyFromLogits: {
    aliases: ["crossentropyloss", "sparsesoftmaxcrossentropywithlogits"],
    targets: "classes",
    family: "classes",
    logits: "softmax",
    bestIsMean: true,
    hasKnownGuess: true,
    from: "here",
  },
  categoricalFocalCrossentropy: {
    aliases: [],
    targets: "shares",
    family: "classes",
    bestIsMean: false,
    from: "here",
  },
  categoricalFocalCrossentropyFromLogits: {
    aliases: [],
    targets: "shares",
    family: "classes",
    logits: "softmax",
    bestIsMean: false,
    from: "here",
  },
  binaryCrossentropy: {
    aliases: ["bce", "bceloss", "logloss"],
    targets: "labels",
    family: "labels",
    bestIsMean: true,
    comparesNumbers: true,
    hasKnownGuess: true,
    from: "name",
  },
  binaryCrossentropyFromLogits: {
    aliases: ["bcewithlogits", "bcewithlogitsloss", "sigmoidcrossentropywithlogits"],
    targets: "labels",
    family: "labels",
    logits: "sigmoid",
    bestIsMean: true,
    comparesNumbers: true,
    hasKnownGuess: true,
    from: "here",
  },
  binaryFocalCrossentropy: {
    aliases: [],
    targets: "labels",
    family: "labels",
    bestIsMean: false,
    from: "here",
  },
  binaryFocalCrossentropyFromLogits: {
    aliases: [],
    targets: "labels",
    family: "labels",
    logits: "sigmoid",
    bestIsMean: false,
    from: "here",
  },
  kullbackLeiblerDivergence: {
    aliases: ["kld", "kldiv", "kldivergence", "kldivloss"],
    targets: "shares",
    family: "other",
    bestIsMean: true,
    from: "name",
  },
  poisson: { aliases: [], targets: "counts", family: "other", bestIsMean: true, from: "name" },
  cosineProximity: {
    aliases: ["cosinesimilarity"],
    targets: "numbers",
    family: "other",
    bestIsMean: true,
    from: "name",
  },
  // The losses of PyTorch, by the names of its functions. Classes may be on axis 1, and the target
  // -100 leaves a position out.
  cross_entropy: {
    aliases: [],
    targets: "classes",
    family: "classes",
    logits: "softmax",
    bestIsMean: true,
    hasKnownGuess: true,
    classAxis: "last or 1",
    ofShares: "categoricalCrossentropyFromLogits",
    from: "here",
  },
  nll_loss: {
    aliases: ["nllloss"],
    targets: "classes",
    family: "other",
    bestIsMean: true,
    classAxis: "last or 1",
    from: "here",
  },
  mse_loss: {
    aliases: [],
    targets: "numbers",
    family: "regression",
    bestIsMean: true,
    comparesNumbers: true,
    hasKnownGuess: true,
    from: "here",
  },
  l1_loss: {
    aliases: [],
    targets: "numbers",
    family: "regression",
    bestIsMean: false,
    comparesNumbers: true,
    from: "here",
  },
  smooth_l1_loss: {
    aliases: ["smoothl1loss"],
    targets: "numbers",
    family: "regression",
    bestIsMean: false,
    comparesNumbers: true,
    from: "here",
  },
  huber_loss: {
    aliases: [],
    targets: "numbers",
    family: "regression",
    bestIsMean: false,
    comparesNumbers: true,
    from: "here",
  },
  bce_loss: {
    aliases: [],
    targets: "labels",
    family: "labels",
    bestIsMean: true,
    comparesNumbers: true,
    hasKnownGuess: true,
    from: "here",
  },
  bce_with_logits: {
    aliases: [],
    targets: "labels",
    family: "labels",
    logits: "sigmoid",
    bestIsMean: true,
    comparesNumbers: true,
    hasKnownGuess: true,
    from: "here",
  },
  softmaxCrossEntropy: {
    aliases: [],
    targets: "shares",
    family: "classes",
    logits: "softmax",
    bestIsMean: true,
    from: "tf.losses",
  },
  sigmoidCrossEntropy: {
    aliases: [],
    targets: "labels",
    family: "labels",
    logits: "sigmoid",
    bestIsMean: true,
    from: "tf.losses",
  },
} as const satisfies Record<string, LossTraits>;

/** Name of a loss that can be requested. */
export type LossName = {
  [Name in keyof typeof LOSS_TRAITS]: (typeof LOSS_TRAITS)[Name]["from"] extends "tf.losses" ? never
    : Name;
}[keyof typeof LOSS_TRAITS];

const NAMES = Object.keys(LOSS_TRAITS) as (keyof typeof LOSS_TRAITS)[];

/** Names of the losses that can be requested: those of TensorFlow.js, and more of Keras. */
export const LOSSES: readonly LossName[] = NAMES.filter((name): name is LossName =>
  LOSS_TRAITS[name].from !== "tf.losses"
);

/** Target value that excludes a position from the loss, in PyTorch's losses of classes. */
export const IGNORED_CLASS = -100;

/** True if a loss leaves out positions with the target {@linkcode IGNORED_CLASS}. */
export const ignoresClass = (name: string | null): boolean =>
  lossTraits(name)?.classAxis !== undefined;

/** Returns the traits of a loss, or `null` for a function without a known name. */
export function lossTraits(name: string | null): LossTraits | null {
  return name !== null && Object.hasOwn(LOSS_TRAITS, name)
    ? LOSS_TRAITS[name as keyof typeof LOSS_TRAITS]
    : null;
}

/** Returns the loss that a name means in any spelling and any library; `null` if there is none. */
export function findLoss(name: string): LossName | null {
  const exact = LOSSES.find((loss) => loss === name);
  if (exact !== undefined) return exact;
  const plain = name.toLowerCase().replace(/[^a-z0-9]/g, "");
  return LOSSES.find((loss) =>
    loss.toLowerCase() === plain || (lossTraits(loss)!.aliases as string[]).includes(plain)
  ) ?? null;
}

/** Losses from logits, by the loss from probabilities that each corresponds to. */
export const FROM_LOGITS: Readonly<Partial<Record<LossName, LossName>>> = Object.fromEntries(
  LOSSES.flatMap((name) => {
    const other = findLoss(`${name}FromLogits`);
    return other === null ? [] : [[name, other]];
  }),
);

/** Loss that fits the head of an output, if that is not meanSquaredError. */
const FITTING: Readonly<Record<string, LossName>> = {
  softmax: "categoricalCrossentropy",
  LayerNormalization: "meanSquaredError",
  sigmoid: "binaryCrossentropy",
  hardSigmoid: "binaryCrossentropy",
};

/** Returns the loss that fits a head, see `headOf`. */
export function fittingLoss(head: string): LossName {
  return Object.hasOwn(FITTING, head) ? FITTING[head] : "meanSquaredError";
}

/**
 * True if the outputs of a head have the same sum for any weights, so that the sum has no gradient.
 */
export const hasConstantSum = (head: string): boolean =>
  head === "softmax" || head === "LayerNormalization";
