import type { Verdict } from "./judge.ts";
import { noVerdict } from "./no_verdict.ts";

/** The note that a rule gives on a network that mean-field theory does not describe. */
export function noTheory(reason: string): Verdict {
  return noVerdict(
    `mean-field theory describes dense and convolutional layers in a row, and ${reason}`,
    "dense or convolutional layers in a row",
    "Nothing to do; the other rules judge this network.",
  );
}
