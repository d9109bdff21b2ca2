import type { Setting } from "../measure/measurements.ts";
import type { Case, Verdict } from "./judge.ts";
import type { AssertionDocumentation, RuleFigure, RuleStage, RuleTag, StudyWords } from "./rule.ts";
import type { ThresholdEntry } from "./threshold_entry.ts";

/** What every rule is made of: its name, its thresholds, and what is written down of it. */
export interface RuleText<Name extends string = string> {
  /** Its name in findings and configurations: `dead-units`, or `team/dead-units` for one of your own. */
  name: string;
  /** What a network that breaks the rule has: `dead units`. */
  problem: string;
  /** One sentence: what the rule demands. */
  summary: string;
  /** How to fix what it finds. */
  fix: string;
  /** Whether it is made for untrained networks only. Default: `any`. */
  stage?: RuleStage;
  /**
   * Whether what it finds in a trained network is a warning at most, and a note on random inputs. Default: no.
   */
  milderWhenTrained?: boolean;
  /** The thresholds that it reads, by name. Default: none. */
  thresholds?: Readonly<Record<Name, Readonly<ThresholdEntry>>>;
  /** How the judged figure is defined. */
  formula?: string;
  /** Where the rule comes from. */
  source?: string;
  /** When its verdict misleads. */
  misleads?: string;
  /** How often it has something against a healthy network. */
  falsePositives?: string;
}

/** Whatever follows from a rule of this package: its assertion and matcher, their documentation, its place. */
export interface PackageRule extends Partial<AssertionDocumentation> {
  /** Name of the assertion over it: `assertNoDeadUnits`. */
  assertion?: string;
  /** Its place in lists of rules. Default: after all that have one. */
  order?: number;
}

/** Everything that makes a rule over measurements, for {@linkcode defineRule}. */
export interface RuleRecord<Name extends string = string> extends RuleText<Name>, PackageRule {
  /** What it judges: the preset `init` runs rules that judge weights or signals. */
  tags: readonly RuleTag[];
  /** How much its findings weigh in a gate unless a configuration says otherwise. Default: `error`. */
  level?: "error" | "warn";
  /**
   * Its place among the rules that find causes, whose advice comes first: what breaks a pass, what goes in, the
   * head, the weights, then the loss. Default: none, what it finds follows from a cause as a rule.
   */
  causeOrder?: number;
  /**
   * Whether its assertion fails on warnings as well, or the kinds of warnings that it fails on: who asserts a
   * rule wants it kept, whether or not a network that breaks it trains. Default: no.
   */
  assertionFailsOnWarnings?: boolean | readonly string[];
  /**
   * Whether it judges weights without a topology, of which no signal is known. Default: no; it is then silent on
   * files that hold weights alone.
   */
  weightsAlone?: boolean;
  /**
   * Settings of the compiled program that it judges. If one was not reproduced, the rule has no verdict. Default: none.
   */
  settings?: readonly Setting[];
  /**
   * Whether it judges exponents that were counted (`histograms: true`), and nothing else. Default: no; its assertion
   * then has no verdict where none were.
   */
  exponentsAlone?: boolean;
  /** Name of its matcher for `expect`: `toHaveNoDeadUnits`. */
  matcher?: string;
  /** What a network that keeps the rule does, for the matcher: `has no dead units`. */
  passes?: string;
  /** How a study speaks of it. Default: no study judges by it. */
  study?: StudyWords;
  /** The figure of a layer that the bar chart of a failed assertion shows. */
  figure: RuleFigure;
  /**
   * Judges what was measured. It is handed the layers that the options select; what it returns for
   * ignored ones is turned into notes.
   */
  judge(subject: Case<Name>): Verdict[];
}
