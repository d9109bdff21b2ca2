import { roundTo } from "../words/numbers.ts";
import { showWord } from "../words/show_word.ts";
import { showValue } from "../words/show_value.ts";
import { nearestObjective } from "../measure/check_objective.ts";
import { type Objective, OBJECTIVES } from "../model/objective.ts";
import type { Shard } from "../study/shard.ts";
import { nearest } from "../words/nearest.ts";
import type { FlagValues } from "./flag.ts";
import { UsageError } from "./usage_error.ts";

/**
 * The whole number that a flag was given.
 *
 * @returns The number, or `null` if the flag was not given.
 * @throws {UsageError} If it is none, or out of range.
 */
export function wholeNumber(
  flags: FlagValues,
  name: string,
  least: number,
  most: number,
): number | null {
  const text = flags[name];
  if (text === undefined) return null;
  const value = Number(text);
  if (typeof text !== "string" || !/^\d+$/.test(text) || value < least || value > most) {
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} or more` : `${least} to ${most}`;
    throw new UsageError(
      `--${name} takes a whole number, ${range}${name === "threads" ? ", or auto" : ""}, found ${
        showValue(text)
      }`,
    );
  }
  return value;
}

/**
 * The one operand of a subcommand that takes no more.
 *
 * @param operands All that were given.
 * @param what What the help calls it.
 * @returns It, or `null` where there is none.
 * @throws {UsageError} If there are more.
 */
export function atMostOne(operands: readonly string[], what: string): string | null {
  const [first = null, ...more] = operands;
  if (more.length === 0) return first;
  const shown = operands.slice(0, MOST_SHOWN).map(showWord).join(" ");
  throw new UsageError(
    `expected one ${what} at most, found ${operands.length}: ${shown}${
      operands.length > MOST_SHOWN ? " ..." : ""
    }`,
  );
}

/** Of many operands these are named. */
const MOST_SHOWN = 5;

/**
 * One of a few words that a flag was given.
 *
 * @throws {UsageError} If it is another word.
 */
export function oneOf<T extends string>(
  flags: FlagValues,
  name: string,
  words: readonly T[],
  fallback: T,
): T {
  const given = flags[name];
  if (given === undefined) return fallback;
  const word = words.find((word) => word === given);
  if (word !== undefined) return word;
  throw new UsageError(
    `--${name} takes ${words.join(" or ")}, found ${showValue(given)}${
      nearest(String(given), words)
    }`,
  );
}

/**
 * Reads `--objective`.
 *
 * @returns `null` where it was not given.
 * @throws {UsageError} If it is no objective.
 */
export function readObjective(given: string | undefined): Objective | null {
  if (given === undefined) return null;
  const name = OBJECTIVES.find((name) => name === given);
  if (name !== undefined) return name;
  throw new UsageError(
    `--objective: unknown objective ${showValue(given)}${
      nearestObjective(given) || `, expected one of ${OBJECTIVES.join(", ")}`
    }`,
  );
}

/**
 * Reads the value of `--layers`.
 *
 * @param source The value, or `undefined` where the flag is not given.
 * @returns The regular expression, or `null` for all layers.
 * @throws {UsageError} If it is none.
 */
export function readLayers(source: string | undefined): RegExp | null {
  if (source === undefined) return null;
  try {
    return new RegExp(source);
  } catch (error) {
    // What V8 says repeats the whole of it first: `Invalid regular expression: /(/: Unterminated group`.
    const reason = (error as Error).message.replace(/^.*: /s, "");
    throw new UsageError(
      `--layers takes a regular expression, found ${showValue(source)}: ${reason}`,
    );
  }
}

/**
 * Reads the value of `--shard`.
 *
 * @param text The value, or `undefined` where the flag is not given.
 * @returns The part, or `null` for the whole.
 * @throws {UsageError} If it names no part.
 */
export function readShard(text: string | undefined): Shard | null {
  if (text === undefined) return null;
  const [, index, count] = /^(\d{1,9})\/(\d{1,9})$/.exec(text) ?? [];
  const shard = { index: Number(index), count: Number(count) };
  if (index === undefined || shard.index < 1 || shard.index > shard.count) {
    throw new UsageError(
      `--shard takes I/N, the I-th of N parts, as 1/3, found ${showValue(text)}`,
    );
  }
  return shard;
}

/** How many scales a range has to a factor of ten, unless it says how many there are. */
const PER_DECADE = 10;
const MOST = 10_000;

/**
 * Reads `--scale`: a range `0.001..1000`, evenly spaced by logarithm, ten to a factor of ten; a range
 * with its number of scales, `0.001..1000:25`; or a list, `0.5,1,2`. A number may be a fraction,
 * `1/894`. Inner scales of a range are rounded to four digits.
 *
 * @throws {UsageError} If it is none of these.
 */
export function parseScales(text: string): number[] {
  const wrong = (found: string) =>
    new UsageError(
      `--scale takes a range such as 0.001..1000 or 0.001..1000:25, or a list such as 0.5,1,2 of ` +
        `numbers above 0, found ${showValue(found)}`,
    );
  const number = (part: string) => {
    // Of an end that is left out there is nothing to show.
    const shown = part.trim() === "" ? text : part;
    const [, numerator, denominator = "1"] =
      /^\s*(\d*\.?\d+(?:e[+-]?\d+)?)(?:\/(\d*\.?\d+(?:e[+-]?\d+)?))?\s*$/i.exec(part) ?? [];
    const value = Number(numerator) / Number(denominator);
    if (numerator === undefined || !(value > 0 && value < Infinity)) throw wrong(shown);
    return value;
  };
  const range = text.split("..");
  if (range.length === 1) return text.split(",").map(number);
  const [end, count, ...more] = range[1].split(":");
  const [from, to] = [number(range[0]), number(end)];
  if (range.length > 2 || more.length > 0 || to < from) throw wrong(text);
  const decades = Math.log10(to / from);
  const steps = count === undefined
    ? Math.max(1, Math.round(decades * PER_DECADE))
    : Number(count) - 1;
  if (count !== undefined && !(/^\d+$/.test(count) && steps >= 1 && steps < MOST)) {
    throw new UsageError(
      `--scale: ${showValue(text)} asks for ${showWord(count)} scales, expected 2 to ${MOST}`,
    );
  }
  if (from === to) return [from];
  return Array.from({ length: steps + 1 }, (_, i) => {
    if (i === 0) return from;
    if (i === steps) return to;
    return roundTo(4, from * 10 ** (decades * i / steps));
  });
}
