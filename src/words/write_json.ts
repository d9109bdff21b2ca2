import { escapeControls } from "./escape_controls.ts";

/**
 * JSON in which nothing is invisible: JSON.stringify leaves most controls above U+007F and formatting
 * characters unchanged, and a terminal obeys them. Here they are written `\u202e`, and so is what a CI
 * system would take for a command. What is read back is the same.
 *
 * @param value The data.
 * @param replace As JSON.stringify takes it. Default: nothing is replaced.
 * @param indent Spaces of indent. Default: everything in one line.
 */
export function writeJson(
  value: unknown,
  replace?: (key: string, value: unknown) => unknown,
  indent?: number,
): string {
  // Line breaks come only from the indentation: strings contain none.
  const spell = (character: string) => character === "\n" ? character : spellUnits(character);
  return escapeControls(JSON.stringify(value, replace, indent), spell)
    .replaceAll("##[", "##\\u005b");
}

/** JSON knows no code points above U+FFFF, only their two halves. */
function spellUnits(character: string): string {
  return character.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
