import { cutMiddle } from "./cut_middle.ts";
import { displayWidth, graphemes } from "./display_width.ts";

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
  // Counted in columns, since a wide letter takes two: the difference must still fit behind it.
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
