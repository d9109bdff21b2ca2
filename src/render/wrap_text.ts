import { displayWidth, graphemes } from "./display_width.ts";

/** No-break space. */
export const NO_BREAK = "\u00a0";

/**
 * Breaks a text between words into lines of at most `width` columns; a word longer than a line is
 * broken between characters. The first line begins with `first`, the others with `indent`. Lines do
 * not break at a no-break space, which is printed as a space, nor between a number and its percent
 * sign.
 */
export function wrapText(text: string, width: number, first = "", indent = first): string[] {
  const lines: string[] = [];
  let line = first;
  let empty = true;
  const flush = () => {
    lines.push(line);
    line = indent;
    empty = true;
  };
  const words = text.replaceAll(/(?<=\d) %/g, `${NO_BREAK}%`).split(/[^\S\u00a0]+/u)
    .filter((word) => word !== "")
    .map((word) => word.replaceAll(NO_BREAK, " "));
  for (const word of words) {
    if (!empty && displayWidth(`${line} ${word}`) > width) flush();
    if (displayWidth(line + word) <= width) {
      line += empty ? word : ` ${word}`;
      empty = false;
      continue;
    }
    for (const grapheme of graphemes(word)) {
      if (!empty && displayWidth(line + grapheme) > width) flush();
      line += grapheme;
      empty = false;
    }
  }
  if (!empty) lines.push(line);
  return lines;
}
