/**
 * Controls, lone surrogates, formatting characters, line and paragraph separators, noncharacters,
 * and invisible letters such as the Hangul filler.
 */
const CONTROLS =
  /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}\p{Noncharacter_Code_Point}\p{Default_Ignorable_Code_Point}]/gu;

/**
 * Makes invisible characters visible. A layer's name comes from an untrusted file: control
 * characters could move the cursor or colour the terminal, and formatting characters (bidirectional
 * overrides, zero-width ones) could make one name look like another. Each becomes `\n`, `\x1b` or
 * `\u{202e}`. Escaping twice changes nothing, because messages are built from escaped text.
 *
 * @param text Any text.
 * @param spell Writes such a character, for formats with their own escapes.
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
