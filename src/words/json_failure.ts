import { escapeControls } from "./escape_controls.ts";

/**
 * What is wrong with a text that is not JSON, in one line: the part that is quoted may have several lines,
 * and invisible characters.
 *
 * @param error What `JSON.parse` threw.
 */
export function jsonFailure(error: unknown): string {
  const what = (error as Error).message.replace(/\s+/g, " ").replace(/ is not valid JSON$/, "");
  return escapeControls(what);
}
