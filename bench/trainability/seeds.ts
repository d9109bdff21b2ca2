/** A part of the population: the `index`-th of `count`, from 1. */
export interface Part {
  index: number;
  count: number;
}

/**
 * Reads `2/4`.
 *
 * @throws {RangeError} If it is not a part.
 */
export function parsePart(text: string): Part {
  const [, index, count] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
  if (!(index >= 1 && index <= count)) {
    throw new RangeError(`--shard is ${text}, expected i/n with 1 <= i <= n`);
  }
  return { index, count };
}

/** The even seeds of a range, which thresholds are tuned on, and then the odd ones, which are reported. */
export function seedsOf(from: number, to: number, part: Part | null): number[] {
  const all = Array.from({ length: Math.max(0, to - from) }, (_, i) => from + i);
  const ordered = [0, 1].flatMap((parity) => all.filter((seed) => seed % 2 === parity));
  if (part === null) return ordered;
  const cut = (i: number) => Math.floor(ordered.length * i / part.count);
  return ordered.slice(cut(part.index - 1), cut(part.index));
}
