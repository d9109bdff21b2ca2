import type { ProbeOptions } from "../probe/probe_options.ts";
import type { ProbeSubject } from "../probe/probe_subject.ts";
import type { CheckOptions } from "./check_options.ts";
import type { Finding } from "./finding.ts";
import type { RuleDocumentation } from "./rule.ts";

/** A bar chart of what a probe found. */
export interface ProbeFigure<P> {
  /** What the bars are. */
  title: string;
  /** How the bars grow. */
  scale: "linear" | "log";
  /** The bars; `layer` is the layer that each is about, where that is not its label. */
  rows: (probe: P) => { label: string; layer?: string; value: number | null }[];
}

/**
 * A rule that one pass cannot tell: it is judged on what a probe found when it ran the model again, or
 * trained it for some steps.
 */
export interface ModelRule<P extends ProbeSubject> extends RuleDocumentation {
  /** Which options of a probe its own probe takes. */
  options: readonly (keyof ProbeOptions)[];
  /**
   * What a probe found and options in, findings out.
   *
   * @throws {TypeError} If the options are not what they must be.
   * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
   */
  check: (probe: P, options?: CheckOptions) => Finding[];
  /** What to draw beside the findings. */
  figure: ProbeFigure<P>;
}
