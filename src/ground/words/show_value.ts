const MAX_LETTERS = 60;

/**
 * Shows a given value in a few words, for an error message. Long text is cut, and characters that
 * would move the cursor, colour or reorder a terminal are made visible.
 */
export function showValue(value: unknown): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return "an empty array";
    return value.length === 1 ? "an array of 1 item" : `an array of ${value.length} items`;
  }
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return "an object";
  const whole = String(value);
  // A letter takes at most two characters; this avoids splitting a text of megabytes.
  const letters = [...whole.slice(0, 2 * (MAX_LETTERS + 1))];
  const shown = letters.length > MAX_LETTERS
    ? `${letters.slice(0, MAX_LETTERS).join("")}...`
    : whole;
  return escapeControls(typeof value === "string" ? JSON.stringify(shown) : shown);
}

/** Returns a word that a user typed unchanged; an empty, long or odd one is shown like a value. */
export function showWord(text: string): string {
  return /^[\w./@#+=,:-]{1,60}$/.test(text) ? text : showValue(text);
}

/** Joins alternatives into a list: `text, json or csv`. */
export function anyOf(words: readonly string[]): string {
  return words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} or ${words.at(-1)}`;
}

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
