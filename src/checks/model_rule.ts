import type { ProbeName } from "../probe/probes.ts";
import type { ProbeOptions } from "../probe/probe_options.ts";
import type { ProbeSubject } from "../probe/probe_subject.ts";
import type { CheckOptions } from "./check_options.ts";
import type { Finding } from "./finding.ts";
import type { Verdict } from "./judge.ts";
import type { AssertionDocumentation, RuleDocumentation } from "./rule.ts";
import type { PackageRule, RuleText } from "./rule_record.ts";
import type { Thresholds } from "./thresholds.ts";

/** A bar chart of what a probe found. */
export interface ProbeFigure<P> {
  /** What the bars are. */
  title: string;
  /** How the bars grow. */
  scale: "linear" | "log";
  /** The bars; `layer` is the layer that each is about, where that is not its label. */
  rows(probe: P): { label: string; layer?: string; value: number | null }[];
}

/** Everything that makes a rule over a model. */
export interface ModelRuleRecord<P extends ProbeSubject, Name extends string>
  extends RuleText<Name>, PackageRule {
  /** The probe that runs the model for it. */
  probe: ProbeName;
  /** Which options of a probe its own probe takes. */
  options: readonly (keyof ProbeOptions)[];
  /** What to draw beside the findings. */
  figure: ProbeFigure<P>;
  /** The layers that it can name, in their order. Default: none, it judges the model. */
  layersOf?(probe: P): string[];
  /** Judges what the probe found; `isJudged` tells the layers that the options select. */
  judge(
    probe: P,
    thresholds: Readonly<Record<Name, number>>,
    isJudged: (layer: string) => boolean,
  ): Verdict[];
}

/**
 * A rule that one pass cannot tell: it is judged on what a probe found when it ran the model again, or
 * trained it for some steps.
 */
export interface ModelRule<P extends ProbeSubject, Name extends string = keyof Thresholds>
  extends RuleDocumentation {
  /** Its place in lists of rules. */
  order: number;
  /** The probe that runs the model for it. */
  probe: ProbeName;
  /** Which options of a probe its own probe takes. */
  options: readonly (keyof ProbeOptions)[];
  /** What its assertion's documentation says. */
  assertionDocumentation?: AssertionDocumentation;
  /** What to draw beside the findings. */
  figure: ProbeFigure<P>;
  /**
   * What a probe found and options in, findings out.
   *
   * @throws {TypeError} If the options are not what they must be.
   * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
   */
  check(probe: P, options?: CheckOptions<Name>): Finding[];
}
