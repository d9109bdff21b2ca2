import { displayWidth } from "./display_width.ts";
import { graphemes } from "./graphemes.ts";

/**
 * Breaks a text between words into lines of at most `width` columns; a word longer than a line is
 * broken between characters. The first line begins with `first`, the others with `indent`.
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
  for (const word of text.split(/\s+/u).filter((word) => word !== "")) {
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
