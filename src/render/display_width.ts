import stringWidth from "string-width";

/** How many columns of a terminal a text takes: wide characters 2, combining ones 0. */
export function displayWidth(text: string): number {
  return /^[\x20-\x7e]*$/.test(text) ? text.length : stringWidth(text);
}
