import { showValue } from "./show_value.ts";

/** A word that a user typed, unchanged; one that is empty, long or odd is shown like a value. */
export function showWord(text: string): string {
  return /^[\w./@#+=,:-]{1,60}$/.test(text) ? text : showValue(text);
}
