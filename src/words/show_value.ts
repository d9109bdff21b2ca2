import { escapeControls } from "./escape_controls.ts";

const MAX_LETTERS = 60;

/**
 * Shows a given value in a few words, for an error message. Long text is cut, and characters that
 * would move the cursor, colour or reorder a terminal are made visible.
 */
export function showValue(value: unknown): string {
  if (Array.isArray(value)) {
    if (value.length === 0) return "an empty array";
    return value.length === 1 ? "an array of 1 item" : `an array of ${value.length} items`;
  }
  if (typeof value === "function") return "a function";
  if (typeof value === "object" && value !== null) return "an object";
  const whole = String(value);
  // A letter takes at most two characters; this avoids splitting a text of megabytes.
  const letters = [...whole.slice(0, 2 * (MAX_LETTERS + 1))];
  const shown = letters.length > MAX_LETTERS
    ? `${letters.slice(0, MAX_LETTERS).join("")}...`
    : whole;
  return escapeControls(typeof value === "string" ? JSON.stringify(shown) : shown);
}
