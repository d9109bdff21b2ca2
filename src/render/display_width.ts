import { eastAsianWidth } from "get-east-asian-width";

let segmenter: Intl.Segmenter | undefined;

/**
 * Splits a text into characters as a reader sees them: an accent stays with its letter, a flag is
 * one character.
 */
export function graphemes(text: string): string[] {
  // Created on first use: it takes 9 ms, more than anything else before the first line.
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Invisible: controls, and signs that only shape their neighbours. */
const INVISIBLE = /^[\p{Cc}\p{Cf}\p{Cs}\p{Mn}\p{Me}\p{Default_Ignorable_Code_Point}]+/u;

/**
 * Measures how many terminal columns a text takes: wide characters 2, combining ones 0.
 *
 * A visible character takes the width of its first visible sign; 2 if it has the emoji variation
 * selector (U+FE0F) or is a pair of flag letters.
 */
export function displayWidth(text: string): number {
  // Names and figures are usually ASCII, and segmenting costs 9 ms the first time.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  return graphemes(text).reduce((width, grapheme) => width + widthOf(grapheme), 0);
}

/** Pads a text with trailing spaces to a number of columns. */
export function padEnd(text: string, width: number): string {
  return text + " ".repeat(Math.max(0, width - displayWidth(text)));
}

function widthOf(grapheme: string): number {
  const visible = grapheme.replace(INVISIBLE, "");
  if (visible === "") return 0;
  if (visible.includes("\ufe0f") || /^\p{Regional_Indicator}{2}/u.test(visible)) return 2;
  const [first, ...rest] = visible;
  const width = eastAsianWidth(first.codePointAt(0)!);
  // Halfwidth kana have their voice marks beside them, as separate characters.
  return width + rest.filter((sign) => sign === "\uff9e" || sign === "\uff9f").length;
}
