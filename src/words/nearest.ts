import { showValue } from "./show_value.ts";

/**
 * Counts the letters to insert, delete, replace or swap with the next to turn one word into the
 * other.
 */
function distance(from: string, to: string): number {
  const rows = [Array.from({ length: to.length + 1 }, (_, i) => i)];
  for (let i = 1; i <= from.length; i++) {
    const above = rows[i - 1], row = [i];
    for (let j = 1; j <= to.length; j++) {
      const replace = above[j - 1] + (from[i - 1] === to[j - 1] ? 0 : 1);
      const isExchanged = i > 1 && j > 1 && from[i - 1] === to[j - 2] && from[i - 2] === to[j - 1];
      const exchange = isExchanged ? rows[i - 2][j - 2] + 1 : Infinity;
      row.push(Math.min(above[j] + 1, row[j - 1] + 1, replace, exchange));
    }
    rows.push(row);
  }
  return rows[from.length][to.length];
}

/**
 * Suggests the name that was probably meant, as the end of an error message.
 *
 * @param name Name that was not found.
 * @param names Names that exist.
 * @returns `"; did you mean ...?"`, or an empty string if no name is close.
 */
export function nearest(name: string, names: readonly string[]): string {
  const ranked = names
    .map((candidate) => ({ candidate, away: distance(name, candidate) }))
    .sort((a, b) => a.away - b.away);
  // Two letters are half of a short word.
  const most = name.length < 5 ? 1 : Math.max(2, name.length / 3);
  if (ranked.length > 0 && ranked[0].away <= most) {
    return offer(ranked[0].candidate);
  }
  // Part of exactly one name, such as `vanishing`. A short part, or one of several names, would be
  // a guess.
  const whole = names.filter((candidate) => candidate.includes(name));
  return name.length > 4 && whole.length === 1 ? offer(whole[0]) : "";
}

const offer = (name: string) => `; did you mean ${showValue(name)}?`;
