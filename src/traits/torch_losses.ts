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
    aliases: ["nllloss"],
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
    sumsUnits: true,
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
    from: "here",
  },
  kl_div: {
    aliases: [],
    targets: "shares",
    family: "other",
    answer: "logarithm",
    bestIsMean: true,
    from: "here",
  },
  poisson_nll_loss: {
    aliases: ["poissonnllloss"],
    targets: "counts",
    family: "other",
    answer: "logarithm",
    bestIsMean: true,
    from: "here",
  },
  soft_margin_loss: {
    aliases: ["softmarginloss"],
    targets: "signs",
    family: "hinge",
    bestIsMean: false,
    from: "here",
  },
  multilabel_soft_margin_loss: {
    aliases: ["multilabelsoftmarginloss"],
    targets: "labels",
    family: "labels",
    logits: "sigmoid",
    bestIsMean: true,
    comparesNumbers: true,
    hasKnownGuess: true,
    from: "here",
  },
  multi_margin_loss: {
    aliases: ["multimarginloss"],
    targets: "classes",
    family: "hinge",
    bestIsMean: false,
    from: "here",
  },
  hinge_embedding_loss: {
    aliases: ["hingeembeddingloss"],
    targets: "signs",
    family: "other",
    bestIsMean: false,
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
