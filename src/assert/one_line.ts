import { cutMiddle } from "../render/cut_middle.ts";
import { escapeControls } from "../render/escape_controls.ts";

/** More columns than this tell no layer apart that these do not, and fill a test log. */
const MAX_NAME = 48;

/**
 * A sentence as one line of a message: names come from files that somebody else wrote, so long ones are
 * cut in the middle, and line breaks and control characters made visible.
 *
 * @param text The sentence.
 * @param names The names that may stand in it.
 */
export function oneLine(text: string, names: readonly string[]): string {
  // A longer name may contain a shorter one.
  const long = [...new Set(names)].filter((name) => name.length > MAX_NAME && text.includes(name))
    .toSorted((a, b) => b.length - a.length);
  return escapeControls(
    long.reduce((cut, name) => cut.replaceAll(name, () => cutMiddle(name, MAX_NAME)), text),
  );
}
