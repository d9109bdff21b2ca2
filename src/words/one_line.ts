import { defuse } from "./failure.ts";
import { escapeControls } from "./show_value.ts";

/** Puts an error message on one line, whatever a library or the name of a layer contributed. */
export function oneLine(text: string): string {
  return defuse(escapeControls(text.replace(/\s*\n\s*/g, " ").trim()));
}
