import { formatCount } from "./format.ts";
import type { Verdict } from "./judge.ts";

/** The note of a batch-dependent rule on a batch that is too small for it. */
export function tooFewExamples(examples: number, minExamples: number): Verdict {
  return {
    severity: "note",
    layer: null,
    measured: examples,
    expected: `>= ${minExamples} examples`,
    threshold: "minExamples",
    message:
      `No verdict: ${formatCount(examples, "example")} ${examples === 1 ? "is" : "are"} too ` +
      `few to judge (minExamples ${minExamples}).`,
    advice: `Measure on ${minExamples} examples or more.`,
  };
}
