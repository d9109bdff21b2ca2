import type { ProbeOptions, ProbeSubject } from "../probe/probe_options.ts";
import type { ProbeName } from "../probe/probes.ts";
import type { Finding, Verdict } from "./finding.ts";
import type { AssertionDocumentation, RuleDocumentation, RuleOptions } from "./rule.ts";
import type { PackageRule, RuleText } from "./rule_record.ts";
import type { Thresholds } from "./thresholds.ts";

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
