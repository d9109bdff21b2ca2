import type { Fix } from "../fix.ts";
import { applyFix, type Fixed, type FixSubject } from "./apply_fixes.ts";
import type { TensorFlow } from "../../engine/tensorflow.ts";

/**
 * Applies fixes in turn, each to what those before it left.
 *
 * @returns The subject with all fixes, to be undone together; `null`, with nothing changed, if one of
 * them asks for another model.
 */
export function applyInTurn(
  tf: TensorFlow,
  subject: FixSubject,
  fixes: readonly Fix[],
): Fixed | null {
  const done: Fixed[] = [];
  const undo = () => {
    for (const fixed of done.reverse()) fixed.undo();
  };
  let now = subject;
  try {
    for (const fix of fixes) {
      const fixed = applyFix(tf, now, fix);
      if (fixed === null) {
        undo();
        return null;
      }
      done.push(fixed);
      now = fixed.subject;
    }
  } catch (error) {
    undo();
    throw error;
  }
  return { subject: now, undo };
}
