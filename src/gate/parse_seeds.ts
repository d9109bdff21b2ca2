import { GateError } from "./gate_error.ts";

/** More seeds than anybody waits for are a typing error. */
const MOST = 10_000;

/**
 * The seeds that a text names: `3`, `1,2,5` or `0..9`.
 *
 * @param text The text.
 * @param place Where it stands, for the error.
 * @throws {GateError} If it names none, one twice, or more than ten thousand.
 */
export function parseSeeds(text: string, place: string): number[] {
  const complain = () =>
    new GateError(
      `${place}: expected seeds as 3, 1,2,5 or 0..9, found ${JSON.stringify(text)}`,
    );
  const seeds: number[] = [];
  for (const part of text.split(",")) {
    const [, first, last = first] = part.trim().match(/^(\d+)(?:\.\.(\d+))?$/) ?? [];
    if (first === undefined) throw complain();
    const from = Number(first);
    const to = Number(last);
    if (to < from || !Number.isSafeInteger(to)) throw complain();
    if (seeds.length + (to - from + 1) > MOST) {
      throw new GateError(
        `${place}: expected at most ${MOST} seeds, found ${JSON.stringify(text)}`,
      );
    }
    for (let seed = from; seed <= to; seed++) seeds.push(seed);
  }
  if (new Set(seeds).size < seeds.length) {
    throw new GateError(`${place}: a seed is given twice in ${JSON.stringify(text)}`);
  }
  return seeds;
}
