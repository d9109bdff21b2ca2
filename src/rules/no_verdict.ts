import type { NotReproduced } from "../model/loaded_model.ts";
import { atLeast, type Expected } from "./expected.ts";
import type { Verdict } from "./finding.ts";
import type { SignalStep } from "./network/signal_path.ts";
import { counted, exactFigure, layerName, number, say } from "./say.ts";
import type { Sentence } from "./sentence.ts";

/** Returns the note of a rule that cannot judge its input. */
export function noVerdict(
  kind: string,
  why: Sentence,
  expected: Expected | string,
  fix: string,
): Verdict {
  return {
    severity: "note",
    kind,
    layer: null,
    measured: null,
    expected,
    message: say`No verdict: ${why}.`,
    fix,
  };
}

/** Returns the note of a batch-dependent rule about a batch that is too small. */
export function tooFewExamples(examples: number, minExamples: number): Verdict {
  return {
    severity: "note",
    kind: "few-examples",
    layer: null,
    measured: examples,
    expected: atLeast(minExamples, { unit: "examples" }),
    threshold: "minExamples",
    figures: { examples: exactFigure(examples, "examples") },
    message: say`No verdict: ${counted(examples, "example")} ${
      examples === 1 ? say`is` : say`are`
    } too few to judge (minExamples ${number(minExamples, "exact")}).`,
    fix: say`Measure on ${number(minExamples, "exact")} examples or more.`,
  };
}

/** Returns the note of a rule about gradients if one of them is not finite, else `null`. */
export function brokenGradient(path: readonly SignalStep[]): Verdict | null {
  const broken = path.find(({ layer }) => layer.preActivationGradients!.nonFinite > 0);
  if (broken === undefined) return null;
  const note = noVerdict(
    "broken-gradient",
    say`the delta of ${layerName(broken.layer.name)} has NaN or infinite entries`,
    "a finite delta in every hidden layer",
    "See the rule non-finite first.",
  );
  return { ...note, unjudged: true };
}

/** Returns the note of a rule that judges a setting of the program which was not reproduced. */
export function substitutedSetting({ setting, name, substitute }: NotReproduced): Verdict {
  return noVerdict(
    "not-reproduced",
    name === null
      ? say`the model was compiled without a ${setting}, and ${substitute} took its place`
      : say`the ${setting} ${name} is not reproduced, and ${substitute} took its place`,
    `a reproduced ${setting}`,
    setting === "loss"
      ? "Name a loss that is known with --objective, or measure the model in a module."
      : "Compile the model in a module with an optimizer of TensorFlow.js.",
  );
}
