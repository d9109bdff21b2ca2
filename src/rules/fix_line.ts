/** Fix of a finding that needs no action. */
export const NOTHING_TO_DO = "Nothing to do.";

/** Returns the fix as a line of a message, after `Fix:` if there is something to do. */
export function fixLine(fix: string): string {
  return fix === NOTHING_TO_DO ? fix : `Fix: ${fix}`;
}
