/** Advice of a finding that needs no action. */
export const NOTHING_TO_DO = "Nothing to do.";

/** Returns advice as a line of a message, after `Fix:` if there is something to do. */
export function fixLine(advice: string): string {
  return advice === NOTHING_TO_DO ? advice : `Fix: ${advice}`;
}
