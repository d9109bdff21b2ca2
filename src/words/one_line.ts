import { defuse } from "./defuse.ts";
import { escapeControls } from "./escape_controls.ts";

/** Puts an error message on one line, whatever a library or the name of a layer contributed. */
export function oneLine(text: string): string {
  return defuse(escapeControls(text.replace(/\s*\n\s*/g, " ").trim()));
}
