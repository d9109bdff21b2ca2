/** A verdict, in a line of its own or at the end of one. */
const VERDICT = String.raw`(?:SICK|CHANGED|HEALTHY)\b`;

/** That weights were judged alone, which then stands above a verdict. */
const ALONE = String.raw`(?:Weights only: no\s+topology in [^]+?\n)?`;

/**
 * How each text begins that a flag writes into a file, however wide it is. A reader of a file knows by them
 * that a new text may replace it, so that they say more than a word that notes of the user could begin with.
 */
export const TEXT_BEGINNINGS: readonly RegExp[] = [
  // `render_text.ts`, with a diagnosis: the verdict, then causes, the trial or what was measured.
  new RegExp(
    String.raw`^${ALONE}${VERDICT}[^\n]*\n(?:1\. |Trial |Trained: |Not trained: |\nModel {6})`,
  ),
  // `render_gate_text.ts`: `== digits, seed 0`, then the verdict. A heading of AsciiDoc begins alike.
  new RegExp(String.raw`^== [^]+?,\s+(?:seed\s+\d+|\d+\s+seeds)\n${ALONE}${VERDICT}`),
  // The same where no model was measured.
  /^Gate (?:passed|failed)\. /,
  // `render_github.ts`.
  /^::(?:error|warning) (?:file=[^\n]*,)?title=/,
  // `render_markdown.ts`.
  /^### \S+ gradient-health: the gate (?:passed|failed)\n/,
  // `render_difference.ts`: what moved, then both verdicts.
  new RegExp(
    String.raw`^\S[^]*?\.\n\nA: [^]+?:\s+${VERDICT}[^]*?\nB: [^]+?:\s+${VERDICT}`,
  ),
  // `render_difference_markdown.ts`.
  new RegExp(
    String.raw`^\S[^\n]*\.\n\n- A, [^\n]*: ${VERDICT}[^\n]*\n- B, [^\n]*: ${VERDICT}`,
  ),
];
