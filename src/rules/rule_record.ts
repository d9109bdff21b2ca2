import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import type { Setting } from "../model/loaded_model.ts";
import type { Verdict } from "./finding.ts";
import type { NetworkView } from "./network/network_view.ts";
import type {
  AssertionDocumentation,
  RuleFigure,
  RuleStage,
  RuleTag,
  StudyWords,
  ThresholdEntry,
} from "./rule.ts";

export type { Verdict } from "./finding.ts";

/** Validated input of a rule's judge. `Name` lists the thresholds that it reads. */
export interface Case<Name extends string = never> {
  /** Measurements of the network. */
  measurements: Measurements;
  /** Derived view of the network. Each part is computed once for all rules. */
  network: NetworkView;
  /** Layers to judge, in the order of the forward pass. */
  layers: LayerMeasurements[];
  /** Thresholds of the rule, defaults filled in. */
  thresholds: Readonly<Record<Name, number>>;
  /** True if the network is trained, so that its weights must not be redrawn. */
  trained: boolean;
}

/** Parts common to all rules: name, thresholds and documentation. */
export interface RuleText<Name extends string = string> {
  /** Name in findings and configurations: `dead-units`, or `team/dead-units` for a custom rule. */
  name: string;
  /** Problem of a network that breaks the rule: `dead units`. */
  problem: string;
  /** Requirement of the rule in one sentence. */
  summary: string;
  /** Fix for its findings. */
  fix: string;
  /** Stage of the networks that it judges. Default: `any`. */
  stage?: RuleStage;
  /**
   * True if its findings are warnings at most in a trained network, and notes on random inputs.
   * Default: no.
   */
  milderWhenTrained?: boolean;
  /** Thresholds that it reads, by name. Default: none. */
  thresholds?: Readonly<Record<Name, Readonly<ThresholdEntry>>>;
  /** Definition of the judged figure. */
  formula?: string;
  /** Source of the rule. */
  source?: string;
  /** Cases in which its verdict misleads. */
  misleads?: string;
  /** False-positive rate on healthy networks. */
  falsePositives?: string;
}

/**
 * Parts that only rules of this package have: assertion and matcher, their documentation, and
 * position.
 */
export interface PackageRule extends Partial<AssertionDocumentation> {
  /** Name of its assertion: `assertNoDeadUnits`. */
  assertion?: string;
  /** Position in lists of rules. Default: after all rules that have one. */
  order?: number;
}

/** Record of a rule over measurements, for {@linkcode defineRule}. */
export interface RuleRecord<Name extends string = string> extends RuleText<Name>, PackageRule {
  /** Subjects that it judges. The preset `init` runs rules about weights or signals. */
  tags: readonly RuleTag[];
  /** Weight of its findings in a gate, unless a configuration overrides it. Default: `error`. */
  level?: "error" | "warn";
  /**
   * Position among the rules that find causes, whose fix comes first: a broken pass, inputs, the
   * head, the weights, then the loss. Default: none, its findings usually follow from a cause.
   */
  causeOrder?: number;
  /**
   * True if its assertion also fails on warnings, or the kinds of warnings that it fails on.
   * Someone who asserts a rule wants it kept, whether or not a network that breaks it can train.
   * Default: no.
   */
  assertionFailsOnWarnings?: boolean | readonly string[];
  /**
   * True if it judges weights without a topology, for which no signal is known. Default: no; it
   * then ignores files of weights alone.
   */
  weightsAlone?: boolean;
  /**
   * True if a rule of the stage `initial` also judges networks whose biases are drawn at random, as
   * PyTorch draws them: biases change neither its figures nor what they mean. Default: no; it then
   * only gives notes there.
   */
  anyBiases?: boolean;
  /**
   * Settings of the compiled program that it judges. If one was not reproduced, the rule has no
   * verdict. Default: none.
   */
  settings?: readonly Setting[];
  /**
   * True if it judges only counted exponents (`histograms: true`). If none were counted, its
   * assertion has no verdict. Default: no.
   */
  exponentsAlone?: boolean;
  /** Name of its matcher for `expect`: `toHaveNoDeadUnits`. */
  matcher?: string;
  /** Phrase for the matcher about a network that passes: `has no dead units`. */
  passes?: string;
  /** Words of a study about it. Default: no study uses it. */
  study?: StudyWords;
  /** Figure of a layer in the bar chart of a failed assertion. */
  figure: RuleFigure;
  /**
   * Judges the measurements of the layers that the options select. Verdicts about ignored layers
   * become notes.
   */
  judge(subject: Case<Name>): Verdict[];
}
