import type { LossOptions, LossTraits } from "./loss_traits.ts";

/**
 * Losses of one output and one target, by the names of PyTorch's functions. Classes may be on axis
 * 1, and the target -100 leaves a position out.
 */
export const TORCH_LOSSES = {
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
    aliases: [],
    targets: "classes",
    family: "other",
    answer: "logarithm",
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
    sumsUnits: true,
    shapes: "broadcast",
    from: "here",
  },
  l1_loss: {
    aliases: [],
    targets: "numbers",
    family: "regression",
    bestIsMean: false,
    comparesNumbers: true,
    shapes: "broadcast",
    from: "here",
  },
  smooth_l1_loss: {
    aliases: [],
    targets: "numbers",
    family: "regression",
    bestIsMean: false,
    comparesNumbers: true,
    shapes: "broadcast",
    from: "here",
  },
  huber_loss: {
    aliases: [],
    targets: "numbers",
    family: "regression",
    bestIsMean: false,
    comparesNumbers: true,
    shapes: "broadcast",
    from: "here",
  },
  bce_loss: {
    aliases: [],
    targets: "labels",
    family: "labels",
    bestIsMean: true,
    comparesNumbers: true,
    hasKnownGuess: true,
    sumsUnits: true,
    shapes: "same",
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
    sumsUnits: true,
    shapes: "same",
    from: "here",
  },
  kl_div: {
    aliases: [],
    targets: "shares",
    family: "other",
    answer: "logarithm",
    bestIsMean: true,
    shapes: "broadcast",
    from: "here",
  },
  poisson_nll_loss: {
    aliases: [],
    targets: "counts",
    family: "other",
    answer: "logarithm",
    bestIsMean: true,
    shapes: "broadcast",
    from: "here",
  },
  soft_margin_loss: {
    aliases: [],
    targets: "signs",
    family: "hinge",
    bestIsMean: false,
    shapes: "broadcast targets",
    from: "here",
  },
  multilabel_soft_margin_loss: {
    aliases: [],
    targets: "labels",
    family: "labels",
    logits: "sigmoid",
    bestIsMean: true,
    comparesNumbers: true,
    hasKnownGuess: true,
    shapes: "broadcast",
    from: "here",
  },
  multi_margin_loss: {
    aliases: [],
    targets: "classes",
    family: "hinge",
    bestIsMean: false,
    from: "here",
  },
  hinge_embedding_loss: {
    aliases: [],
    targets: "signs",
    family: "other",
    bestIsMean: false,
    shapes: "broadcast",
    from: "here",
  },
} as const satisfies Record<string, LossTraits>;

/** Kinds of values of an argument. */
export type LossArgumentKind = "number" | "share" | "numbers" | "flag" | "class" | "exponent";

/** Argument of a loss of PyTorch. */
interface LossArgument {
  /** Name of the option here. */
  option: keyof LossOptions;
  kind: LossArgumentKind;
}

const CLASS_WEIGHTS: LossArgument = { option: "classWeights", kind: "numbers" };
const UNIT_WEIGHTS: LossArgument = { option: "unitWeights", kind: "numbers" };
const IGNORED: LossArgument = { option: "ignoredClass", kind: "class" };
const MARGIN: LossArgument = { option: "margin", kind: "number" };

/** Arguments of PyTorch's losses, by their names there; each has `reduction` as well. */
export const LOSS_ARGUMENTS: Readonly<
  Record<keyof typeof TORCH_LOSSES, Readonly<Record<string, LossArgument>>>
> = {
  cross_entropy: {
    weight: CLASS_WEIGHTS,
    ignore_index: IGNORED,
    label_smoothing: { option: "labelSmoothing", kind: "share" },
  },
  nll_loss: { weight: CLASS_WEIGHTS, ignore_index: IGNORED },
  mse_loss: {},
  l1_loss: {},
  smooth_l1_loss: { beta: { option: "delta", kind: "number" } },
  huber_loss: { delta: { option: "delta", kind: "number" } },
  bce_loss: { weight: UNIT_WEIGHTS },
  bce_with_logits: {
    weight: UNIT_WEIGHTS,
    pos_weight: { option: "positiveWeights", kind: "numbers" },
  },
  kl_div: { log_target: { option: "logTargets", kind: "flag" } },
  poisson_nll_loss: {
    log_input: { option: "takesLogs", kind: "flag" },
    full: { option: "full", kind: "flag" },
    eps: { option: "epsilon", kind: "number" },
  },
  soft_margin_loss: {},
  multilabel_soft_margin_loss: { weight: UNIT_WEIGHTS },
  multi_margin_loss: {
    p: { option: "exponent", kind: "exponent" },
    margin: MARGIN,
    weight: CLASS_WEIGHTS,
  },
  hinge_embedding_loss: { margin: MARGIN },
};

/** Losses of PyTorch by the classes of `torch.nn`, and by functions of another name there. */
const TORCH_CLASSES: Readonly<Record<string, keyof typeof TORCH_LOSSES>> = {
  CrossEntropyLoss: "cross_entropy",
  NLLLoss: "nll_loss",
  MSELoss: "mse_loss",
  L1Loss: "l1_loss",
  SmoothL1Loss: "smooth_l1_loss",
  HuberLoss: "huber_loss",
  BCELoss: "bce_loss",
  binary_cross_entropy: "bce_loss",
  BCEWithLogitsLoss: "bce_with_logits",
  binary_cross_entropy_with_logits: "bce_with_logits",
  KLDivLoss: "kl_div",
  PoissonNLLLoss: "poisson_nll_loss",
  SoftMarginLoss: "soft_margin_loss",
  MultiLabelSoftMarginLoss: "multilabel_soft_margin_loss",
  MultiMarginLoss: "multi_margin_loss",
  HingeEmbeddingLoss: "hinge_embedding_loss",
};

/** Returns the loss that a function or class of PyTorch is, with or without its package. */
export function torchLossOf(name: string): keyof typeof TORCH_LOSSES | null {
  const [, own = ""] = /^(?:[A-Za-z_]\w*\.)*(\w+)$/.exec(name) ?? [];
  if (Object.hasOwn(TORCH_LOSSES, own)) return own as keyof typeof TORCH_LOSSES;
  return Object.hasOwn(TORCH_CLASSES, own) ? TORCH_CLASSES[own] : null;
}
