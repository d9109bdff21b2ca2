/** Verdict, alone in a line or at its end. */
const VERDICT = String.raw`(?:SICK|CHANGED|HEALTHY|WEAK)\b`;

/** Note above a verdict that weights were judged alone. */
const ALONE = String.raw`(?:Weights only: no\s+topology in [^]+?\n)?`;

/**
 * Beginnings of all texts that a flag writes into a file, at any width. A file with such a
 * beginning may be replaced by a new text; each is therefore too specific for a user's own notes.
 */
export const TEXT_BEGINNINGS: readonly RegExp[] = [
  // `render_text.ts`, with a diagnosis: the verdict, then causes, the trial or the facts.
  new RegExp(
    String.raw`^${ALONE}${VERDICT}[^\n]*\n(?:1\. |Trial |Trained: |Not trained: |\nModel {6})`,
  ),
  // `render_gate_text.ts`: `== digits, seed 0`, then the verdict. A heading of AsciiDoc begins
  // alike.
  new RegExp(String.raw`^== [^]+?,\s+(?:seed\s+\d+|\d+\s+seeds)\n${ALONE}${VERDICT}`),
  // The same if no model was measured.
  /^Gate (?:passed|failed)\. /,
  // `render_github.ts`.
  /^::(?:error|warning) (?:file=[^\n]*,)?title=/,
  // `render_markdown.ts`.
  /^### \S+ gradient-health: the gate (?:passed|failed)\n/,
  // `render_difference.ts`: a sentence about what moved, then both verdicts.
  new RegExp(
    String.raw`^\S[^]*?\.\n\nA: [^]+?:\s+${VERDICT}[^]*?\nB: [^]+?:\s+${VERDICT}`,
  ),
  // `render_difference_markdown.ts`.
  new RegExp(
    String.raw`^\S[^\n]*\.\n\n- A, [^\n]*: ${VERDICT}[^\n]*\n- B, [^\n]*: ${VERDICT}`,
  ),
];
