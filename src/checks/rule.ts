import type { LayerMeasurements } from "../measure/measurements.ts";
import type { Check } from "./check.ts";
import type { Thresholds } from "./thresholds.ts";

/** What a rule means, as `explain RULE` prints it. */
export interface RuleDocumentation {
  /** Name of the rule in findings and in configurations: `vanishing-gradients`. */
  name: string;
  /** Name of the assertion over it: `assertNoVanishingGradients`. */
  assertion: string;
  /** What a network that breaks the rule has: `vanishing gradients`. */
  problem: string;
  /** `initial`: made for untrained networks, and training may break it; `any`: holds for every one. */
  stage: "any" | "initial";
  /**
   * True for a rule of every stage whose finding is no error in a trained network: a warning on data, and a
   * note on random inputs, which a trained network was not made for.
   */
  milderWhenTrained?: boolean;
  /** One sentence: what the rule demands. */
  summary: string;
  /** How the judged figure is defined. */
  formula: string;
  /** The thresholds that the rule reads; their defaults and sources are in `THRESHOLDS`. */
  thresholds: (keyof Thresholds)[];
  /** Where the rule comes from. */
  source: string;
  /** When its verdict misleads. */
  misleads: string;
  /** What to do about what it finds. */
  fix: string;
  /**
   * How often it has something against a healthy network: measured on the engine, under seeds that no
   * default was chosen by (`bench/false_positives.ts`). Absent where a rule judges no network.
   */
  falsePositives?: string;
}

/** The figure of a layer that a rule's bar chart shows. */
export interface RuleFigure {
  /** What the bars are: `l2 of delta`. */
  title: string;
  /** How the bars grow: shares linearly, signals by decades. */
  scale: "linear" | "log";
  /** The layer's figure, or `null` for a layer that has none. */
  of: (layer: LayerMeasurements) => number | null;
}

/** A rule: its documentation, its check, and the figure it judges. */
export interface Rule extends RuleDocumentation {
  /** Measurements and options in, findings out. */
  check: Check;
  /** What to draw beside the findings. */
  figure: RuleFigure;
}
