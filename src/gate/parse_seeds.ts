import { showValue } from "../words/show_value.ts";
import { GateError } from "./gate_error.ts";

/** More seeds than this are probably a typo. */
const MAX_SEEDS = 10_000;

/**
 * Parses seeds: a number of draws, `10`, for the seeds 0 to 9; or the seeds themselves, `1,2,5` or
 * `0..9`.
 *
 * @param text The text.
 * @param place Its place, for errors.
 * @param most Maximum number of seeds.
 * @throws {GateError} If it names no seed, one twice, or too many.
 */
export function parseSeeds(text: string, place: string, most = MAX_SEEDS): number[] {
  const complain = () =>
    new GateError(
      `${place} is ${showValue(text)}, expected how many draws (10), or seeds (1,2,5 or 0..9)`,
    );
  const seeds: number[] = [];
  const add = (from: number, to: number) => {
    if (to < from || !Number.isSafeInteger(to)) throw complain();
    if (seeds.length + (to - from + 1) > most) {
      throw new GateError(
        `${place} is ${showValue(text)}, expected at most ${most} seeds`,
      );
    }
    for (let seed = from; seed <= to; seed++) seeds.push(seed);
  };
  if (/^\s*\d+\s*$/.test(text)) {
    add(0, Number(text) - 1);
    return seeds;
  }
  for (const part of text.split(",")) {
    const [, first, last = first] = part.trim().match(/^(\d+)(?:\.\.(\d+))?$/) ?? [];
    if (first === undefined) throw complain();
    add(Number(first), Number(last));
  }
  if (new Set(seeds).size < seeds.length) {
    throw new GateError(`${place} is ${showValue(text)}, expected every seed once`);
  }
  return seeds;
}
