import { displayWidth } from "./display_width.ts";
import { graphemes } from "./graphemes.ts";

/** The longest beginning of a text that fits into `width` columns, with `ellipsis` if it was cut. */
export function cutEnd(text: string, width: number, ellipsis: string): string {
  if (displayWidth(text) <= width) return text;
  let kept = "";
  for (const grapheme of graphemes(text)) {
    if (displayWidth(kept + grapheme + ellipsis) > width) break;
    kept += grapheme;
  }
  return kept.trimEnd() + ellipsis.slice(0, Math.max(0, width));
}
