import { cutMiddle } from "../render/cut_middle.ts";
import { escapeControls } from "../words/escape_controls.ts";

/** A longer heading is cut. */
export const LONGEST_TITLE = 80;

/** The name of a model, from an untrusted file, in a heading. */
export function shortTitle(name: string): string {
  return cutMiddle(escapeControls(name), LONGEST_TITLE, { ellipsis: "…" });
}
