import { eastAsianWidth } from "get-east-asian-width";

let segmenter: Intl.Segmenter | undefined;

/** The characters as a reader sees them: an accent stays with its letter, a flag is one character. */
export function graphemes(text: string): string[] {
  // Made when it is needed: making it takes 9 ms, more than anything else before the first line.
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Never shown: controls, and what only shapes its neighbours. */
const INVISIBLE = /^[\p{Cc}\p{Cf}\p{Cs}\p{Mn}\p{Me}\p{Default_Ignorable_Code_Point}]+/u;

/**
 * How many columns of a terminal a text takes: wide characters 2, combining ones 0.
 *
 * A character as the reader sees it takes what its first visible sign takes; with the sign that asks for
 * an emoji (U+FE0F), or of two flag letters, 2.
 */
export function displayWidth(text: string): number {
  // Names and figures are usually ASCII, and segmenting costs 9 ms the first time.
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  return graphemes(text).reduce((width, grapheme) => width + widthOf(grapheme), 0);
}

/** A text with blanks behind it up to a number of columns. */
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
