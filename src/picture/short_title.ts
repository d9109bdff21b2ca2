import { cutMiddle } from "../render/cut_middle.ts";
import { escapeControls } from "../words/escape_controls.ts";

/** Length at which a heading is cut. */
export const LONGEST_TITLE = 80;

/** Shortens the name of a model, from an untrusted file, for a heading. */
export function shortTitle(name: string): string {
  return cutMiddle(escapeControls(name), LONGEST_TITLE, { ellipsis: "…" });
}
