import { escapeControls } from "../words/escape_controls.ts";

/** An error message is one line, whatever a library or the name of a layer put into it. */
export function oneLine(text: string): string {
  return escapeControls(text.replace(/\s*\n\s*/g, " ").trim());
}
