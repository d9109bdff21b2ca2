import { formatCount } from "./format.ts";
import type { Verdict } from "./judge.ts";
import type { SignalStep } from "./network/signal_path.ts";

/** The note of a rule that cannot judge what it was given. */
export function noVerdict(why: string, expected: string, advice: string): Verdict {
  return {
    severity: "note",
    layer: null,
    measured: null,
    expected,
    message: `No verdict: ${why}.`,
    advice,
  };
}

/** The note that a rule gives on a network that mean-field theory does not describe. */
export function noTheory(reason: string): Verdict {
  return noVerdict(
    `mean-field theory describes dense and convolutional layers in a row, and ${reason}`,
    "dense or convolutional layers in a row",
    "Nothing to do; the other rules judge this network.",
  );
}

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

/** The note of a rule about gradients where what there is of them on their way is no number; else `null`. */
export function brokenGradient(path: readonly SignalStep[]): Verdict | null {
  const broken = path.find(({ layer }) => layer.preActivationGradients!.nonFinite > 0);
  if (broken === undefined) return null;
  const note = noVerdict(
    `the delta of ${broken.layer.name} has NaN or infinite entries`,
    "a finite delta in every hidden layer",
    "See the rule non-finite first.",
  );
  return { ...note, unjudged: true };
}
