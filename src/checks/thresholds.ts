/** The limits that the rules compare with. Every one has a default, see {@linkcode THRESHOLDS}. */
export interface Thresholds {
  /** Least signal of the first hidden layer over that of the last. */
  vanishingRatio: number;
  /** Mean |dJ/dW| of a kernel below which there is a warning. */
  vanishingFloor: number;
  /** Most signal of the first hidden layer over that of the last. */
  explodingRatio: number;
  /** Most l2 norm of all gradients of trainable weights together. */
  explodingGlobalNorm: number;
  /** Most of a layer's entries that may be saturated. */
  saturatedFraction: number;
  /** Share of a layer's saturated entries above which there is a warning. */
  saturatedFractionWarning: number;
  /** Fewest entries of a layer that are judged for saturation. */
  minEntries: number;
  /** Most of a layer's units that may be off on the whole batch. */
  deadFraction: number;
  /** Share of a layer's dead units above which there is a warning. */
  deadFractionWarning: number;
  /** Fewest examples on which a batch-dependent rule gives a verdict. */
  minExamples: number;
  /** Most by which a squared delta ratio may be off the mean-field chi, up or down. */
  gradientRatioFactor: number;
  /** Most that max/min of the squared delta may exceed the prediction of a critical network by. */
  gradientBalance: number;
  /** Fewest units of a layer that mean-field theory is applied to. */
  minWidth: number;
  /** Most by which the standard deviation of a may be off its expectation, up or down. */
  activationScaleFactor: number;
  /** The standard deviation that every a must have; 0 asks for the mean-field prediction. */
  activationTarget: number;
  /** Most by which a kernel's standard deviation may be off the nearest initialiser's. */
  initScaleFactor: number;
  /** The same, for a warning. */
  initScaleWarning: number;
  /** Most rms of a hidden layer's biases over the rms of its z. */
  biasRatio: number;
  /** Most that a head's bias may be off the prior of the targets. */
  biasTolerance: number;
  /** Most share by which the loss may be below what an untrained network has, or above to warn. */
  initialLossTolerance: number;
  /** The share below, for a warning. */
  initialLossWarning: number;
  /** Most times what an untrained network has that the loss may be; squared for a squared error. */
  initialLossFactor: number;
  /** Largest |x| of an input. */
  inputMax: number;
  /** Largest |mean| of an input. */
  inputMean: number;
  /** Most by which an input's standard deviation may be off 1, up or down. */
  inputDeviationFactor: number;
  /** Most by which a figure may be off its baseline, up or down. */
  baselineFactor: number;
  /** Most by which a share (saturated, dead) may be off its baseline. */
  baselineShare: number;
  /** Most by which the loss of the batch twice over may be off the loss of the batch. */
  lossReductionTolerance: number;
  /** Most by which a gradient may be off the difference quotient. */
  numericGradientTolerance: number;
  /** The same where an activation or a pooling has kinks. */
  numericGradientKinkTolerance: number;
  /** Most by which an output may change with inputs that it must not depend on. */
  leakTolerance: number;
  /** Least decimal logarithm of the share by which one step changes a kernel. */
  updateRatioMin: number;
  /** Most decimal logarithm of the share by which one step changes a kernel. */
  updateRatioMax: number;
  /** Loss to which a network must come on one batch. */
  overfitLoss: number;
  /** Steps within which it must. */
  overfitSteps: number;
}

/** One row of {@linkcode THRESHOLDS}. */
export interface ThresholdEntry {
  /** What is used unless an option says otherwise. */
  default: number;
  /** What the number counts. */
  unit: string;
  /** Smallest and largest value that makes sense; both allowed. */
  range: [number, number];
  /** Where the figure comes from. */
  source: string;
}

/**
 * Every threshold with its default, its unit and where the figure comes from.
 *
 * @example Read a default
 * ```ts
 * import { THRESHOLDS } from "@gradient-health/gradient-health/checks";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(THRESHOLDS.deadFraction.default, 0.5);
 * ```
 */
export const THRESHOLDS: Readonly<Record<keyof Thresholds, Readonly<ThresholdEntry>>> = {
  vanishingRatio: {
    default: 1e-3,
    unit: "l2(delta) of the first hidden layer / l2(delta) of the last",
    range: [0, 1],
    source: "AUTOTRAINER (Zhang et al. 2021) compares first and last layer by 1e-3, on gradients",
  },
  vanishingFloor: {
    default: 1e-7,
    unit: "mean |dJ/dW| of a kernel",
    range: [0, Infinity],
    source: "SageMaker Debugger, VanishingGradient; scale dependent, so it only warns",
  },
  explodingRatio: {
    default: 1e3,
    unit: "l2(delta) of the first hidden layer / l2(delta) of the last",
    range: [1, Infinity],
    source: "the inverse of vanishingRatio; AUTOTRAINER uses 70, on norms of weight gradients",
  },
  explodingGlobalNorm: {
    default: Infinity,
    unit: "l2 norm of all trainable gradients",
    range: [0, Infinity],
    source: "off unless asked for, for it scales with the loss; 100 is a usual limit",
  },
  saturatedFraction: {
    default: 0.5,
    unit: "share of a layer's entries",
    range: [0, 1],
    source: "SageMaker Debugger, TanhSaturation and SaturatedActivation",
  },
  saturatedFractionWarning: {
    default: 0.25,
    unit: "share of a layer's entries",
    range: [0, 1],
    source: "Karpathy, makemore part 3: tanh with |a| > 0.97",
  },
  minEntries: {
    default: 8,
    unit: "entries (units times examples)",
    range: [1, Infinity],
    source: "own: on fewer entries the step between two shares exceeds 1/8",
  },
  deadFraction: {
    default: 0.5,
    unit: "share of a layer's units",
    range: [0, 1],
    source: "SageMaker Debugger, DeadRelu",
  },
  deadFractionWarning: {
    default: 0.2,
    unit: "share of a layer's units",
    range: [0, 1],
    source: "torchdiag",
  },
  minExamples: {
    default: 8,
    unit: "examples in the batch",
    range: [1, Infinity],
    source: "own: a healthy ReLU unit is off on all of 8 independent examples once in 256",
  },
  gradientRatioFactor: {
    default: 2,
    unit: "measured ratio / chi",
    range: [1, Infinity],
    source:
      "Schoenholz et al. 2017 for chi; simulation: of 50 draws each of tanh, selu and relu networks " +
      "of depth 5 to 30 and 128 units none is off by more than 1.84",
  },
  gradientBalance: {
    default: 1000,
    unit: "max/min of squared l2(delta) over layers / the same of a critical network",
    range: [1, Infinity],
    source: "after SageMaker Debugger, PoorWeightInitialization; simulation",
  },
  minWidth: {
    default: 64,
    unit: "units",
    range: [1, Infinity],
    source: "own: mean-field theory holds for wide layers; single draws spread as 1 / sqrt(width)",
  },
  activationScaleFactor: {
    default: 2,
    unit: "std(a) / expected std(a)",
    range: [1, Infinity],
    source: "after TheDeepChecker",
  },
  activationTarget: {
    default: 0,
    unit: "std(a)",
    range: [0, Infinity],
    source: "off; 1 with an activationScaleFactor of 1.1 is LSUV (Mishkin & Matas 2016)",
  },
  initScaleFactor: {
    default: 2,
    unit: "std(kernel) / the nearest initialiser's",
    range: [1, Infinity],
    source: "neuroscope",
  },
  initScaleWarning: {
    default: 1.4,
    unit: "std(kernel) / the nearest initialiser's",
    range: [1, Infinity],
    source: "neuroscope (0.7 to 1.4)",
  },
  biasRatio: {
    default: 0.1,
    unit: "rms(bias) / rms(z)",
    range: [0, Infinity],
    source: "own: biases are drawn as zeros; below a tenth of z they do not shape it",
  },
  biasTolerance: {
    default: 0.5,
    unit: "logits, or standard deviations of the targets",
    range: [0, Infinity],
    source: "after Karpathy, A Recipe for Training Neural Networks: init well",
  },
  initialLossTolerance: {
    default: 0.5,
    unit: "share of the expected loss",
    range: [0, Infinity],
    source: "Karpathy, A Recipe for Training Neural Networks: verify loss at init; neuroscope",
  },
  initialLossWarning: {
    default: 0.2,
    unit: "share of the expected loss",
    range: [0, Infinity],
    source: "own: less than half of the limit that fails",
  },
  initialLossFactor: {
    default: 5,
    unit: "loss / expected loss",
    range: [1, Infinity],
    source:
      "simulation: of 300 networks each of relu, tanh and selu with Glorot heads, none is above",
  },
  inputMax: {
    default: 10,
    unit: "|x|",
    range: [0, Infinity],
    source: "AUTOTRAINER (Zhang et al. 2021)",
  },
  inputMean: {
    default: 1,
    unit: "|mean(x)|",
    range: [0, Infinity],
    source:
      "own: pixels from 0 to 1 pass, an offset larger than the spread of normalised data does not",
  },
  inputDeviationFactor: {
    default: 10,
    unit: "std(x), or its inverse",
    range: [1, Infinity],
    source: "own: pixels from 0 to 1 have 0.2 to 0.4",
  },
  baselineFactor: {
    default: 2,
    unit: "figure / baseline",
    range: [1, Infinity],
    source: "torch-audit",
  },
  baselineShare: {
    default: 0.25,
    unit: "difference of two shares",
    range: [0, 1],
    source: "own: half of the share at which saturation and dead units fail",
  },
  lossReductionTolerance: {
    default: 0.01,
    unit: "share of the loss",
    range: [0, Infinity],
    source: "TheDeepChecker (Ben Braiek & Khomh 2023), loss reduction",
  },
  numericGradientTolerance: {
    default: 2e-3,
    unit: "|difference quotient - gradient along v| / (l1(gradient) / 2)",
    range: [1e-4, Infinity],
    source: "jax.test_util.check_grads in float32; Stanford's cs231n",
  },
  numericGradientKinkTolerance: {
    default: 1e-2,
    unit: "|difference quotient - gradient along v| / (l1(gradient) / 2)",
    range: [1e-4, Infinity],
    source: "Stanford's cs231n: kinks in the objective",
  },
  leakTolerance: {
    default: 1e-6,
    unit: "change of an output / rms of that output",
    range: [0, Infinity],
    source: "own: an output that does not depend on an input stays the same bit by bit",
  },
  updateRatioMin: {
    default: -4,
    unit: "log10(mean |update| / mean |weight|)",
    range: [-Infinity, Infinity],
    source: "Stanford's cs231n (about -3); TheDeepChecker for the range",
  },
  updateRatioMax: {
    default: -1,
    unit: "log10(mean |update| / mean |weight|)",
    range: [-Infinity, Infinity],
    source: "Stanford's cs231n (about -3); TheDeepChecker for the range",
  },
  overfitLoss: {
    default: 1e-2,
    unit: "loss",
    range: [0, Infinity],
    source: "Karpathy, A Recipe for Training Neural Networks: overfit one batch",
  },
  overfitSteps: {
    default: 500,
    unit: "training steps",
    range: [1, 1e9],
    source: "own: the controls come down to overfitLoss within it",
  },
};
