import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import type { Setting } from "../measure/measurements.ts";
import type { CheckOptions } from "./check_options.ts";
import type { Finding } from "./finding.ts";
import type { ThresholdTable } from "./threshold_entry.ts";
import type { Thresholds } from "./thresholds.ts";

/**
 * What a rule judges: the weights as they were drawn, the signals of a pass, the data that goes in, or the
 * task (targets, loss and head). The preset `init` runs those that judge weights or signals.
 */
export type RuleTag = "weights" | "signal" | "data" | "task";

/** `initial`: made for untrained networks, and training may break it; `any`: holds for every one. */
export type RuleStage = "any" | "initial";

/** What a rule means, as `explain RULE` prints it. What a rule of your own leaves out is an empty text. */
export interface RuleDocumentation {
  /** Name of the rule in findings and in configurations: `vanishing-gradients`. */
  name: string;
  /** Name of the assertion over it: `assertNoVanishingGradients`. */
  assertion: string;
  /** What a network that breaks the rule has: `vanishing gradients`. */
  problem: string;
  /** Which networks it is made for. */
  stage: RuleStage;
  /**
   * True for a rule of every stage whose finding is no error in a trained network: a warning on data, and a
   * note on random inputs, which a trained network was not made for.
   */
  milderWhenTrained?: boolean;
  /** One sentence: what the rule demands. */
  summary: string;
  /** How the judged figure is defined. */
  formula: string;
  /** The thresholds that the rule reads, by name. */
  thresholds: ThresholdTable;
  /** Where the rule comes from. */
  source: string;
  /** When its verdict misleads. */
  misleads: string;
  /** How to fix what it finds. */
  fix: string;
  /**
   * False-positive rate on healthy networks, measured on seeds that no default was chosen by
   * (`bench/false_positives.ts`). Absent if those networks cannot break the rule.
   */
  falsePositives?: string;
}

/** What the documentation of a rule's own assertion says; `deno task generate` writes it there. */
export interface AssertionDocumentation {
  /** What the assertion asserts, from "that" on. */
  asserts: string;
  /** What a network that it fails has, in few words: the README's table. */
  fails: string;
  /** When it throws an `AssertionError`: "If a layer is dead." */
  throws: string;
  /** When it throws a `RangeError`. Default: a threshold is out of range or a filter matches no layer. */
  refuses?: string;
  /** A program that runs. */
  example: { title: string; code: string };
}

/** How a study speaks of a rule; only rules that judge what happens to signals have it. */
export interface StudyWords {
  /** Its place among the rules of a study, the gravest first. */
  order: number;
  /** The letter that stands for it in a strip of verdicts. */
  letter: string;
  /** What goes wrong at smaller scales than the healthy ones. */
  below: string;
  /** What goes wrong at larger scales. */
  above: string;
  /** Whether a point that it warns of is not healthy either. Default: only what it fails is not. */
  failsOnWarnings?: boolean;
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

/** A rule over measurements, as {@linkcode defineRule} makes it: what it means, and its check. */
export interface Rule<Name extends string = keyof Thresholds> extends RuleDocumentation {
  /** What it judges. */
  tags: readonly RuleTag[];
  /** Its place in lists of rules; those of your own come last. */
  order: number;
  /** How much its findings weigh in a gate unless a configuration says otherwise. */
  level: "error" | "warn";
  /**
   * Its place among the rules that find causes, whose advice comes first; absent where what it finds follows
   * from a cause as a rule.
   */
  causeOrder?: number;
  /** Whether its assertion fails on warnings as well, or the kinds of warnings that it fails on. */
  assertionFailsOnWarnings: boolean | readonly string[];
  /** Name of its matcher for `expect`; absent where it has none. */
  matcher?: string;
  /** What a network that keeps the rule does, for the matcher: `has no dead units`. */
  passes?: string;
  /** Whether it judges weights without a topology; absent where it is silent on them. */
  weightsAlone?: boolean;
  /** Settings of the compiled program that it judges: it has no verdict if one was not reproduced. */
  settings?: readonly Setting[];
  /** Whether it judges exponents that were counted, and nothing else; absent where it does not. */
  exponentsAlone?: boolean;
  /** How a study speaks of it; absent where no study judges by it. */
  study?: StudyWords;
  /** What its assertion's documentation says; absent where it has no assertion of its own. */
  assertionDocumentation?: AssertionDocumentation;
  /** What to draw beside the findings. */
  figure: RuleFigure;
  /**
   * Judges measurements, by this rule alone.
   *
   * @param measurements What `measure()` returned.
   * @param options The rule's thresholds other than the default ones, and which layers to judge.
   * @param trained Whether the network has been trained: advice is then not to draw its weights again.
   * Default: as its biases look.
   * @returns The findings, in the order of the layers; empty when there is nothing to say.
   * @throws {TypeError} If the measurements or the options are not what they must be.
   * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
   */
  check(
    measurements: Measurements,
    options?: CheckOptions<Name>,
    trained?: boolean,
  ): Finding[];
}
