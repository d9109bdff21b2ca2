import { anyOf } from "../words/any_of.ts";
import { nearest } from "../words/nearest.ts";
import { showValue } from "../words/show_value.ts";
import type { Access, Flag, Permission } from "./flag.ts";
import { requirePath } from "./require_path.ts";
import { UsageError } from "./usage_error.ts";

/** What every kind of flag may say of itself. */
interface Common<D> {
  /** What it means, without the default. */
  help: string;
  /** Its value where it is not given; `null` where it has none, which is the default. */
  default?: D;
  /** What holds where it is not given, where `default` does not say it. */
  otherwise?: string;
  /** What stands for its value in the help. */
  value?: string;
  /** What it needs besides the access to its file. */
  permissions?: readonly Permission[];
}

/** A flag whose value one function reads. */
export function parsed<T, const D = null>(
  { help, value, otherwise, permissions = [], ...rest }: Common<D> & {
    value: string;
    /** What a shell completes its value with. */
    takes?: readonly string[];
    read(text: string, place: string): T;
  },
): Flag<T, D> {
  // Only of a left out default is D null.
  const fallback = (rest.default ?? null) as D;
  const shown = otherwise ?? fallback;
  return {
    help: shown === null ? help : `${help}; default: ${shown}`,
    value,
    takes: rest.takes ?? [],
    repeatable: false,
    access: null,
    permissions,
    default: fallback,
    read: ([text], place) => rest.read(text, place),
  };
}

/** A switch: given or not. */
export function boolean(help: string, permissions: readonly Permission[] = []): Flag<boolean> {
  return {
    help,
    value: null,
    takes: [],
    repeatable: false,
    access: null,
    permissions,
    default: false,
    read: () => true,
  };
}

/** A whole number from `least` to `most`, or the word `or`. */
export function integer<W extends string = never, const D extends number | W | null = null>(
  { least, most = Number.MAX_SAFE_INTEGER, or, ...common }: Common<D> & {
    least: number;
    most?: number;
    or?: W;
  },
): Flag<number | W, D> {
  return parsed<number | W, D>({
    value: or === undefined ? "N" : `${or}|N`,
    takes: or === undefined ? [] : [or],
    ...common,
    read: (text, place) => text === or ? or : readInteger(text, place, least, most, or),
  });
}

/** One of a few words. */
export function oneOf<const W extends string, const D extends W | null = null>(
  words: readonly W[],
  common: Common<D> & {
    /** Offers the word somebody may have meant. */
    hint?: (text: string) => string;
  },
): Flag<W, D> {
  const { hint, ...rest } = common;
  return parsed<W, D>({
    value: words.join("|"),
    takes: words,
    ...rest,
    read: (text, place) => readWord(text, place, words, hint),
  });
}

/** A list with commas between its entries, none of which is there twice. */
export function listOf<T>(
  read: (word: string, place: string) => T,
  common: Common<null> & { takes?: readonly string[] },
): Flag<T[], null> {
  return parsed<T[], null>({
    value: "LIST",
    ...common,
    read: (text, place) => {
      const words = text.split(",").map((word) => word.trim());
      if (words.includes("")) {
        throw new UsageError(
          `${place} is ${showValue(text)}, expected a list with commas between its entries`,
        );
      }
      return requireDistinct(words.map((word) => read(word, place)), place);
    },
  });
}

/** A regular expression. */
export function pattern(help: string): Flag<RegExp, null> {
  return parsed({ value: "REGEX", help, read: readPattern });
}

/** The path of a file. */
export function file(access: Access, common: Common<null>): Flag<string, null> {
  return {
    ...parsed({
      value: "FILE",
      ...common,
      read: (text, place) => requirePath(place, text),
    }),
    takes: "files",
    access,
  };
}

/** The paths of files, one each time. */
export function files(access: Access, common: Common<null>): Flag<string[]> {
  return repeated(file(access, common));
}

/** A flag that may be given any number of times. */
export function repeated<T>(flag: Flag<T, unknown>): Flag<T[]> {
  return {
    ...flag,
    repeatable: true,
    default: [],
    read: (given, place) => given.map((text) => flag.read([text], place)),
  };
}

/** The same flag without its default: something else says what holds where it is not given. */
export function withoutDefault<T>(flag: Flag<T, unknown>): Flag<T, null> {
  return { ...flag, default: null };
}

/** A whole number in a range; `or` is the word that its reader takes besides. */
export function readInteger(
  text: string,
  place: string,
  least: number,
  most: number,
  or?: string,
): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  const isOpen = most === Number.MAX_SAFE_INTEGER && !(value > most);
  const range = isOpen ? `${least} or more` : `${least} to ${most}`;
  throw new UsageError(
    `${place} is ${showValue(text)}, expected a whole number, ${range}${
      or === undefined ? "" : `, or ${or}`
    }`,
  );
}

/** A number of seconds above 0. */
export function seconds<const D extends number | null = null>(
  common: Common<D>,
): Flag<number, D> {
  return parsed<number, D>({ value: "SECONDS", ...common, read: readSeconds });
}

/** More seconds than a day are a typo. */
const MAX_SECONDS = 86400;

function readSeconds(text: string, place: string): number {
  const value = Number(text);
  if (/^\d*\.?\d+$/.test(text) && value > 0 && value <= MAX_SECONDS) return value;
  throw new UsageError(
    `${place} is ${showValue(text)}, expected seconds, above 0 and at most ${MAX_SECONDS}`,
  );
}

/** Beside the word that was probably meant, more words than these are not listed. */
const MOST_LISTED = 8;

/** One of a few words, or an error that offers the one that was meant. */
export function readWord<W extends string>(
  text: string,
  place: string,
  words: readonly W[],
  hint = (text: string) => nearest(text, words),
): W {
  const word = words.find((word) => word === text);
  if (word !== undefined) return word;
  const near = hint(text);
  const expected = near !== "" && words.length > MOST_LISTED ? "" : `, expected ${anyOf(words)}`;
  throw new UsageError(`${place} is ${showValue(text)}${expected}${near}`);
}

/** Refuses what stands twice in a list. */
export function requireDistinct<T>(values: T[], place: string): T[] {
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice === undefined) return values;
  throw new UsageError(`${place} has ${showValue(twice)} twice, expected it once`);
}

function readPattern(source: string, place: string): RegExp {
  try {
    return new RegExp(source);
  } catch (error) {
    // V8 repeats the whole of it first: `Invalid regular expression: /(/: Unterminated group`.
    const reason = (error as Error).message.replace(/^.*: /s, "");
    throw new UsageError(
      `${place} is ${showValue(source)}, expected a regular expression: ${reason}`,
    );
  }
}
