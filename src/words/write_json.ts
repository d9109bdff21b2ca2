import { escapeControls } from "./show_value.ts";

/**
 * Writes JSON without invisible characters: JSON.stringify leaves most controls above U+007F and
 * formatting characters unchanged, and a terminal obeys them. Here they become `\u202e`, and
 * commands of a CI system are escaped, too. Parsing yields the same data.
 *
 * @param replace Replacer of JSON.stringify. Default: none.
 * @param indent Spaces of indent. Default: everything on one line.
 */
export function writeJson(
  value: unknown,
  replace?: (key: string, value: unknown) => unknown,
  indent?: number,
): string {
  // Line breaks can only come from the indentation: strings contain none.
  const spell = (character: string) => character === "\n" ? character : spellUnits(character);
  return escapeControls(JSON.stringify(value, replace, indent), spell)
    .replaceAll("##[", "##\\u005b");
}

/** JSON writes a code point above U+FFFF as two surrogates. */
function spellUnits(character: string): string {
  return character.split("").map((unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`)
    .join("");
}
