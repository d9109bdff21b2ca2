import { IGNORED_CLASS, type LossOptions, type LossTraits } from "./loss_traits.ts";
import { TORCH_LOSSES, torchLossOf } from "./torch_losses.ts";

/** Known losses by name. */
export const LOSS_TRAITS = {
  meanSquaredError: {
    aliases: ["mse", "l2"],
    targets: "numbers",
    family: "regression",
    bestIsMean: true,
    comparesNumbers: true,
    hasKnownGuess: true,
    from: "name",
  },
  meanAbsoluteError: {
    aliases: ["mae", "l1"],
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
    aliases: [],
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
    aliases: ["sparsesoftmaxcrossentropywithlogits"],
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
    aliases: ["bce", "logloss"],
    targets: "labels",
    family: "labels",
    bestIsMean: true,
    comparesNumbers: true,
    hasKnownGuess: true,
    from: "name",
  },
  binaryCrossentropyFromLogits: {
    aliases: ["sigmoidcrossentropywithlogits"],
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
    aliases: ["kld", "kldivergence"],
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
  dice: {
    aliases: ["diceloss"],
    targets: "labels",
    family: "overlap",
    bestIsMean: false,
    from: "here",
  },
  tversky: {
    aliases: ["tverskyloss"],
    targets: "labels",
    family: "overlap",
    bestIsMean: false,
    from: "here",
  },
  ...TORCH_LOSSES,
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

/** Name of a loss that TensorFlow.js lacks, and that is computed here. */
export type OwnLoss = {
  [Name in LossName]: (typeof LOSS_TRAITS)[Name]["from"] extends "here" ? Name : never;
}[LossName];

const NAMES = Object.keys(LOSS_TRAITS) as (keyof typeof LOSS_TRAITS)[];

/** Names of the losses that can be requested: those of TensorFlow.js, and more of Keras. */
export const LOSSES: readonly LossName[] = NAMES.filter((name): name is LossName =>
  LOSS_TRAITS[name].from !== "tf.losses"
);

/**
 * Returns the target with which a loss leaves out a position, or `null` if it leaves out none.
 *
 * @param name Name of the loss, or a call of it.
 */
export const ignoredClassOf = (
  name: string | null,
  settings: Pick<LossOptions, "ignoredClass"> | null,
): number | null =>
  lossTraits(name)?.classAxis === undefined ? null : settings?.ignoredClass ?? IGNORED_CLASS;

/**
 * Returns the traits of a loss, or `null` for a function without a known name.
 *
 * @param name Name of the loss, or a call of it.
 */
export function lossTraits(name: string | null): LossTraits | null {
  const called = name?.split("(")[0].trim() ?? "";
  const own = torchLossOf(called) ?? called;
  return Object.hasOwn(LOSS_TRAITS, own) ? LOSS_TRAITS[own as keyof typeof LOSS_TRAITS] : null;
}

/** Returns the loss that a name means in any spelling and any library; `null` if there is none. */
export function findLoss(name: string): LossName | null {
  const exact = LOSSES.find((loss) => loss === name);
  if (exact !== undefined) return exact;
  const torch = torchLossOf(name);
  if (torch !== null) return torch;
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
