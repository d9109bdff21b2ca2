import { escapeControls } from "./escape_controls.ts";

/**
 * Describes in one line why a text is not JSON. The quoted part may contain line breaks and
 * invisible characters.
 *
 * @param error Error that `JSON.parse` threw.
 */
export function jsonFailure(error: unknown): string {
  const what = (error as Error).message.replace(/\s+/g, " ").replace(/ is not valid JSON$/, "");
  return escapeControls(what);
}
