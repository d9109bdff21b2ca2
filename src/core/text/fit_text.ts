import { number, object, optional, requireValue, string } from "../../ground/words/shape.ts";
import { eastAsianWidth } from "get-east-asian-width";

let segmenter: Intl.Segmenter | undefined;

/**
 * Splits a text into characters as a reader sees them: an accent stays with its letter, a flag is
 * one character.
 */
function graphemes(text: string): string[] {
  // Created on first use: it takes 9 ms, more than anything else before the first line.
  segmenter ??= new Intl.Segmenter("en", { granularity: "grapheme" });
  return Array.from(segmenter.segment(text), ({ segment }) => segment);
}

/** Invisible: controls, and signs that only shape their neighbours. */
const INVISIBLE = /^[\p{Cc}\p{Cf}\p{Cs}\p{Mn}\p{Me}\p{Default_Ignorable_Code_Point}]+/u;

/**
 * Counts the terminal columns of a text: wide characters take 2, combining ones 0.
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

/**
 * Cuts a name in the middle until it fits: the beginning of a layer's name names the block and the
 * end names the layer in it.
 *
 * @param name The name. Width is counted in columns of a terminal; characters are never split.
 * @param width Columns available.
 * @param options `ellipsis`: replacement for the part that was cut. Default: `..`, which is ASCII.
 * @returns The name itself if it fits, otherwise its two ends, at most `width` columns.
 *
 * @example
 * ```ts
 * import { cutMiddle } from "@gradient-health/gradient-health/render";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(cutMiddle("encoder/block_3/conv2d_17", 14), "enco..onv2d_17");
 * assertEquals(cutMiddle("dense_1", 14), "dense_1");
 * ```
 */
export function cutMiddle(
  name: string,
  width: number,
  options: { ellipsis?: string } = {},
): string {
  requireValue("name", name, string);
  requireValue("width", width, number);
  requireValue("options", options, object({ ellipsis: optional(string) }));
  const { ellipsis = ".." } = options;
  if (displayWidth(name) <= width) return name;
  const characters = graphemes(name);
  let head = "";
  let tail = "";
  let first = 0;
  let last = characters.length - 1;
  // Grow both ends in turn, the tail twice as fast: it holds the number that tells layers apart.
  while (first <= last) {
    const tailTurn = displayWidth(tail) <= 2 * displayWidth(head);
    const grown = tailTurn
      ? head + ellipsis + characters[last] + tail
      : head + characters[first] + ellipsis + tail;
    if (displayWidth(grown) > width) break;
    if (tailTurn) tail = characters[last--] + tail;
    else head += characters[first++];
  }
  return head + ellipsis.slice(0, Math.max(0, width)) + tail;
}

/**
 * Returns the longest beginning of a text that fits into `width` columns, with `ellipsis` if cut.
 */
export function cutEnd(text: string, width: number, ellipsis: string): string {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  for (const grapheme of graphemes(text)) {
    if (displayWidth(kept + grapheme + ellipsis) > width) break;
    kept += grapheme;
  }
  return kept.trimEnd() + ellipsis.slice(0, Math.max(0, width));
}

/**
 * Cuts names as {@linkcode cutMiddle} does. Names that would then look the same, such as
 * `encoder_block_1_dense` and `encoder_block_2_dense`, are instead cut around the place where they
 * differ.
 */
export function cutNames(names: readonly string[], width: number, ellipsis = ".."): string[] {
  const shown = new Map<string, string>();
  const alike = Map.groupBy(new Set(names), (name) => cutMiddle(name, width, { ellipsis }));
  for (const [text, group] of alike) {
    if (group.length === 1) shown.set(group[0], text);
    else for (const [name, cut] of cutApart(group, width, ellipsis)) shown.set(name, cut);
  }
  return names.map((name) => shown.get(name)!);
}

/** Cuts different names, keeping the first place where they differ. */
function cutApart(names: string[], width: number, ellipsis: string): [string, string][] {
  const split = names.map(graphemes);
  const shared = split[0].findIndex((letter, i) => split.some((other) => other[i] !== letter));
  // One name may be the beginning of all others.
  const differ = shared === -1 ? split[0].length : shared;
  const before = Math.floor((width - 2 * displayWidth(ellipsis)) / 2);
  // Counts columns, since a wide letter takes two: the difference must fit after the text before it.
  let start = differ;
  const shown = () => displayWidth(split[0].slice(start - 1, differ).join(""));
  while (start > 0 && shown() <= before) start--;
  const cut = (letters: string[]) =>
    cutEnd((start > 0 ? ellipsis : "") + letters.slice(start).join(""), width, ellipsis);
  // Names that continue alike differ further on.
  const alike = Map.groupBy(split, (letters) => letters[differ]);
  return [...alike.values()].flatMap((group): [string, string][] => {
    const own = group.map((letters): [string, string] => [letters.join(""), cut(letters)]);
    const apart = new Set(own.map(([, text]) => text)).size === own.length;
    return apart ? own : cutApart(own.map(([name]) => name), width, ellipsis);
  });
}

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
