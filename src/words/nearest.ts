import { closestString } from "@std/text/closest-string";
import { levenshteinDistance } from "@std/text/levenshtein-distance";
import { showValue } from "./show_value.ts";

/**
 * Suggests the name that was probably meant, worded to end an error message.
 *
 * @param name Name that was not found.
 * @returns `"; did you mean ...?"`, or an empty string if no name is close.
 */
export function nearest(name: string, names: readonly string[]): string {
  if (names.length === 0) return "";
  const closest = closestString(name, names);
  // Two letters are half of a short word.
  const most = name.length < 5 ? 1 : Math.max(2, name.length / 3);
  const away = levenshteinDistance(name.toLowerCase(), closest.toLowerCase());
  if (away <= most || lettersOf(name) === lettersOf(closest)) return offer(closest);
  // Part of exactly one name, such as `vanishing`. A short part, or one of several names, would be
  // a guess.
  const whole = names.filter((candidate) => candidate.includes(name));
  return name.length > 4 && whole.length === 1 ? offer(whole[0]) : "";
}

/** Returns the letters of a word in order: letters that were exchanged are one slip, not two. */
const lettersOf = (word: string) => [...word].sort().join("");

const offer = (name: string) => `; did you mean ${showValue(name)}?`;
