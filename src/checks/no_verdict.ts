import type { Verdict } from "./judge.ts";

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
