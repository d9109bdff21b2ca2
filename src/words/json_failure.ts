import { escapeControls } from "./escape_controls.ts";

/**
 * What is wrong with a text that is no JSON, in one line: what is quoted of it may have several, and
 * characters that are invisible.
 *
 * @param error What `JSON.parse` threw.
 */
export function jsonFailure(error: unknown): string {
  const what = (error as Error).message.replace(/\s+/g, " ").replace(/ is not valid JSON$/, "");
  return escapeControls(what);
}
