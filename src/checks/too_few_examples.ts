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
    message: `No verdict on a batch of ${formatCount(examples, "example")}: one example is not a ` +
      `batch (minExamples ${minExamples}).`,
    advice: `Measure on ${minExamples} examples or more.`,
  };
}
