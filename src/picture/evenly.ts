/**
 * Selects evenly spaced things if there is not enough room for all, including the first, the last
 * and the given ones.
 *
 * @param count Number of things.
 * @param most Number of things that there is room for, at least 2.
 * @param kept Places that are always selected.
 * @returns Places, ascending.
 */
export function evenly(count: number, most: number, kept: readonly number[] = []): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  const shown = Array.from({ length: most }, (_, i) => Math.round(i * (count - 1) / (most - 1)));
  for (const place of kept) {
    const off = shown.map((other, i) =>
      // The first and the last stay.
      i === 0 || i === most - 1 ? Infinity : Math.abs(other - place)
    );
    if (!shown.includes(place)) shown[off.indexOf(Math.min(...off))] = place;
  }
  return [...new Set(shown)].sort((a, b) => a - b);
}
