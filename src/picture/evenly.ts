/**
 * Which of so many things are shown where there is no room for all: evenly spaced ones, the first and the last, and
 * those that are named.
 *
 * @param count How many there are.
 * @param most How many there is room for, at least 2.
 * @param kept Places that are shown in any case.
 * @returns Places, ascending.
 */
export function evenly(count: number, most: number, kept: readonly number[] = []): number[] {
  if (count <= most) return Array.from({ length: count }, (_, i) => i);
  const shown = Array.from({ length: most }, (_, i) => Math.round(i * (count - 1) / (most - 1)));
  for (const place of kept) {
    const off = shown.map((other, i) =>
      // The ends stay.
      i === 0 || i === most - 1 ? Infinity : Math.abs(other - place)
    );
    if (!shown.includes(place)) shown[off.indexOf(Math.min(...off))] = place;
  }
  return [...new Set(shown)].sort((a, b) => a - b);
}
