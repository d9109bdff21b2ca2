import { defuse } from "./defuse.ts";
import { escapeControls } from "./escape_controls.ts";

/** An error message is one line, no matter what a library or the name of a layer put into it. */
export function oneLine(text: string): string {
  return defuse(escapeControls(text.replace(/\s*\n\s*/g, " ").trim()));
}
