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
};
