import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import type { Setting } from "../model/loaded_model.ts";
import type { ProbeOptions, ProbeSubject } from "../probe/probe_options.ts";
import type { ProbeName } from "../probe/probes.ts";
import type { Finding, Verdict } from "./finding.ts";
import type { NetworkView } from "./network/network_view.ts";
import type { Thresholds } from "./thresholds.ts";

/** Thresholds by name. */
export type ThresholdTable = Readonly<Record<string, Readonly<ThresholdEntry>>>;

/** Limit used by a rule, with its default and its source. */
export interface ThresholdEntry {
  /** Value used unless an option overrides it. */
  default: number;
  /** Unit of the number. */
  unit: string;
  /** Smallest and largest sensible value, both allowed. */
  range: readonly [number, number];
  /** Source of the default. */
  source: string;
  /** Description of the limit in one sentence. */
  about: string;
  /** True if only whole numbers make sense. Default: any number does. */
  whole?: boolean;
  /** Name of another threshold of the same rule that this one must not exceed. Default: none. */
  atMost?: string;
}

/**
 * Subject of a rule: the weights as drawn, the signals of a pass, the input data, or the task
 * (targets, loss and head). The preset `init` runs the rules about weights or signals.
 */
export type RuleTag = "weights" | "signal" | "data" | "task";

/**
 * Stage of training: `initial` rules are made for untrained networks, and training may break them;
 * `any` rules hold for every network.
 */
export type RuleStage = "any" | "initial";

/**
 * Documentation of a rule, as printed by `explain RULE`. Parts that a custom rule leaves out are
 * empty texts.
 */
export interface RuleDocumentation {
  /** Name of the rule in findings and configurations: `vanishing-gradients`. */
  name: string;
  /** Name of its assertion: `assertNoVanishingGradients`. */
  assertion: string;
  /** Problem of a network that breaks the rule: `vanishing gradients`. */
  problem: string;
  /** Stage of the networks that it judges. */
  stage: RuleStage;
  /**
   * True if a finding of this `any` rule is not an error in a trained network: it becomes a warning
   * on data, and a note on random inputs, for which the network was not trained.
   */
  milderWhenTrained?: boolean;
  /** Requirement of the rule in one sentence. */
  summary: string;
  /** Definition of the judged figure. */
  formula: string;
  /** Thresholds that the rule reads, by name. */
  thresholds: ThresholdTable;
  /** Source of the rule. */
  source: string;
  /** Cases in which its verdict misleads. */
  misleads: string;
  /** Fix for its findings. */
  fix: string;
  /**
   * False-positive rate on healthy networks, measured on seeds that were not used to choose
   * defaults (`bench/false_positives.ts`). Absent if those networks cannot break the rule.
   */
  falsePositives?: string;
}

/** Documentation of a rule's assertion. `deno task generate` writes it there. */
export interface AssertionDocumentation {
  /** Requirement that it asserts, as a clause that begins with "that". */
  asserts: string;
  /** Problem of a network that fails it, in few words for the README's table. */
  fails: string;
  /** Condition for an `AssertionError`: "If a layer is dead." */
  throws: string;
  /**
   * Condition for an `InputError`. Default: a threshold is out of range or a filter matches no
   * layer.
   */
  refuses?: string;
  /** Program that runs. */
  example: { title: string; code: string };
}

/** Words of a study about a rule. Only rules about signals have them. */
export interface StudyWords {
  /** Position among the rules of a study, the worst first. */
  order: number;
  /** Letter of the rule in a strip of verdicts. */
  letter: string;
  /** Problem at smaller scales than the healthy ones. */
  below: string;
  /** Problem at larger scales. */
  above: string;
  /** True if a point with a warning is not healthy either. Default: only errors count. */
  failsOnWarnings?: boolean;
}

/** Figure of a layer in a rule's bar chart. */
export interface RuleFigure {
  /** Title of the bars: `l2 of delta`. */
  title: string;
  /** Scale of the bars: linear for shares, logarithmic for signals. */
  scale: "linear" | "log";
  /** Returns the figure of a layer, or `null` if it has none. */
  of: (layer: LayerMeasurements) => number | null;
}

/** Rule over measurements, made by {@linkcode defineRule}: its documentation and its judge. */
export interface Rule<Name extends string = keyof Thresholds> extends RuleDocumentation {
  /** Subjects that it judges. */
  tags: readonly RuleTag[];
  /** Position in lists of rules. Custom rules come last. */
  order: number;
  /** Weight of its findings in a gate, unless a configuration overrides it. */
  level: "error" | "warn";
  /**
   * Position among the rules that find causes, whose fix comes first. Absent if its findings
   * usually follow from a cause.
   */
  causeOrder?: number;
  /** True if its assertion also fails on warnings, or the kinds of warnings that it fails on. */
  assertionFailsOnWarnings: boolean | readonly string[];
  /** Name of its matcher for `expect`. Absent if it has none. */
  matcher?: string;
  /** Phrase for the matcher about a network that passes: `has no dead units`. */
  passes?: string;
  /** True if it judges weights without a topology. Absent if it ignores them. */
  weightsAlone?: boolean;
  /** True if it also judges networks whose biases are drawn at random. Absent otherwise. */
  anyBiases?: boolean;
  /**
   * Settings of the compiled program that it judges. If one was not reproduced, it has no verdict.
   */
  settings?: readonly Setting[];
  /** True if it judges only exponents, which must have been counted. Absent otherwise. */
  exponentsAlone?: boolean;
  /** Words of a study about it. Absent if no study uses it. */
  study?: StudyWords;
  /** Documentation of its assertion. Absent if it has none. */
  assertionDocumentation?: AssertionDocumentation;
  /** Chart shown with the findings. */
  figure: RuleFigure;
  /**
   * Judges measurements by this rule alone.
   *
   * @param measurements The result of `measure()`.
   * @param options Thresholds of the rule, and the layers to judge.
   * @param trained True if the network is trained, so that the fix is not to redraw its weights.
   * Default: judged from its biases.
   * @returns The findings in the order of the layers, empty if there are none.
   * @throws {InputError} If the measurements or the options are invalid, or if a threshold is out
   * of range or a layer filter matches no layer.
   */
  run(measurements: Measurements, options?: RuleOptions<Name>, trained?: boolean): Finding[];
}

/** Layer whose findings do not count, and the reason. */
export interface IgnoredLayer {
  /** Name of the layer, or a pattern that matches several names. */
  layer: string | RegExp;
  /** Reason for ignoring it. The report shows it, so it must not be empty. */
  reason: string;
}

/** Options that select the layers to judge. */
export interface LayerOptions {
  /** Layers to judge: their names, or a pattern that matches their names. Default: all. */
  layers?: RegExp | string[];
  /** Layers whose findings become notes that give the reason. Default: none. */
  ignore?: IgnoredLayer[];
}

/** Some thresholds by name, all optional. */
export type ThresholdOptions<Name extends string> =
  & Partial<Pick<Thresholds, Extract<Name, keyof Thresholds>>>
  & { [Own in Exclude<Name, keyof Thresholds>]?: number };

/** Options of a rule or an assertion: thresholds and the layers to judge. */
export type RuleOptions<Name extends string = keyof Thresholds> =
  & LayerOptions
  & ThresholdOptions<Name>;

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

/** Bar chart of a probe's results. */
export interface ProbeFigure<P> {
  /** Title of the bars. */
  title: string;
  /** Scale of the bars. */
  scale: "linear" | "log";
  /** Returns the bars. `layer`: layer of the bar, if it differs from the label. */
  rows(probe: P): { label: string; layer?: string; value: number | null }[];
}

/** Record of a rule over a model. */
export interface ModelRuleRecord<P extends ProbeSubject, Name extends string>
  extends RuleText<Name>, PackageRule {
  /** Probe that runs the model for the rule. */
  probe: ProbeName;
  /** Probe options that the rule's own probe takes. */
  options: readonly (keyof ProbeOptions)[];
  /** Chart shown with the findings. */
  figure: ProbeFigure<P>;
  /**
   * Returns the layers that the rule can name, in order. Default: none, as it judges the model as a
   * whole.
   */
  layersOf?(probe: P): string[];
  /**
   * Judges the results of the probe. `isJudged` returns true for layers that the options select.
   */
  judge(
    probe: P,
    thresholds: Readonly<Record<Name, number>>,
    isJudged: (layer: string) => boolean,
  ): Verdict[];
}

/**
 * Rule that needs more than one pass: it judges the results of a probe, which runs the model again
 * or trains it for some steps.
 */
export interface ModelRule<P extends ProbeSubject, Name extends string = keyof Thresholds>
  extends RuleDocumentation {
  /** Position in lists of rules. */
  order: number;
  /** Probe that runs the model for the rule. */
  probe: ProbeName;
  /** Probe options that the rule's own probe takes. */
  options: readonly (keyof ProbeOptions)[];
  /** Documentation of its assertion. */
  assertionDocumentation?: AssertionDocumentation;
  /** Chart shown with the findings. */
  figure: ProbeFigure<P>;
  /**
   * Judges the results of a probe.
   *
   * @throws {InputError} If the options are invalid, or if a threshold is out of range or a layer
   * filter matches no layer.
   */
  run(probe: P, options?: RuleOptions<Name>): Finding[];
}
