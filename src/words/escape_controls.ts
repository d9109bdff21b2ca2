/**
 * Makes the invisible visible. A layer's name comes from a file that somebody else wrote: control
 * characters could move the cursor or colour the terminal, and formatting characters (bidirectional
 * overrides, zero-width ones) could make one name look like another. Each becomes `\n`, `\x1b` or
 * `\u{202e}`.
 */
export function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, (character) => {
    if (character === "\n") return "\\n";
    if (character === "\r") return "\\r";
    if (character === "\t") return "\\t";
    const code = character.codePointAt(0)!.toString(16);
    return code.length <= 2 ? `\\x${code.padStart(2, "0")}` : `\\u{${code}}`;
  });
}
