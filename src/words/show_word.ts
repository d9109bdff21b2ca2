import { showValue } from "./show_value.ts";

/** Returns a word that a user typed unchanged; an empty, long or odd one is shown like a value. */
export function showWord(text: string): string {
  return /^[\w./@#+=,:-]{1,60}$/.test(text) ? text : showValue(text);
}
