import { showValue } from "./show_value.ts";

/** A word that somebody typed, as it is; what is empty, long or odd is shown as a value is. */
export function showWord(text: string): string {
  return /^[\w./@#+=,:-]{1,60}$/.test(text) ? text : showValue(text);
}
