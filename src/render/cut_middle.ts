import { displayWidth, graphemes } from "./display_width.ts";
import { number, objectWith, optional, requireValue, text } from "../words/requirements.ts";

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
  requireValue("name", name, text);
  requireValue("width", width, number);
  requireValue("options", options, objectWith({ ellipsis: optional(text) }));
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
