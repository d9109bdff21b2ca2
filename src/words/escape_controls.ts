/**
 * Controls, halves of characters, formatting characters, line and paragraph separators, code points that
 * are no characters, and letters that a reader cannot see, the Hangul filler for instance.
 */
const CONTROLS =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Makes the invisible visible. A layer's name comes from a file that somebody else wrote: control
 * characters could move the cursor or colour the terminal, and formatting characters (bidirectional
 * overrides, zero-width ones) could make one name look like another. Each becomes `\n`, `\x1b` or
 * `\u{202e}`. Doing it twice does no more: messages are put together from what is escaped already.
 *
 * @param text Any text.
 * @param spell How such a character is written, where a format has its own way.
 */
export function escapeControls(text: string, spell = spellVisibly): string {
  return text.replace(CONTROLS, (character) => spell(character));
}

function spellVisibly(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (character === "\t") return "\\t";
  const code = character.codePointAt(0)!.toString(16);
  return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u{${code}}`;
}
