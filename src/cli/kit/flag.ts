import { InputError, nearest, refusal } from "../../ground/words/input_error.ts";
import { anyOf, showValue } from "../../ground/words/show_value.ts";

/** Error for a command line that cannot be run. */
export class UsageError extends InputError {
  /** Name of the class, for code that cannot use `instanceof`. */
  override readonly name = "UsageError";
}

/** In characters; the limit of Linux, which is the longest. */
const LONGEST_PATH = 4096;

/**
 * Rejects strings that no operating system accepts as a path; rule and shell names use the same
 * limit.
 *
 * @param place Argument or flag that gave it.
 * @param expected Kind of the named thing.
 * @returns The path.
 * @throws {UsageError} If it is empty, too long or has a null character.
 */
export function requirePath(place: string, text: string, expected = "the path of a file"): string {
  if (text !== "" && text.length <= LONGEST_PATH && !text.includes("\0")) return text;
  throw new UsageError(refusal`${place} is ${showValue(text)}, expected ${expected}`);
}

/** Permission that a run may need, for users who do not want to allow all. */
export interface Permission {
  /** Flag for `deno run`. */
  grant: string;
  /** Purpose. */
  purpose: string;
}

/** Access of a flag to the file that it names; `run` is for modules, whose code runs. */
export type Access = "read" | "run" | "write";

/** Sections of a short help, which lists the flags that most people need. */
export const FLAG_GROUPS = ["model and batch", "runs and verdict", "result"] as const;

/**
 * Flag. Parsing, its error, the type of its value, the help, completions and permissions are
 * derived from it. Its name is its key in the {@linkcode FlagSet},
 * in the spelling of {@linkcode flagName}. `T` is the type of a given value, `D` that of the
 * default.
 */
export interface Flag<T, D = T> {
  /** Meaning, and the default. */
  help: string;
  /** Placeholder for its value in the help, or `null` for a switch. */
  value: string | null;
  /** Shell completions of its value. */
  takes: Completed;
  /** True if it may be given more than once. */
  repeatable: boolean;
  /** Access to the file that it names, or `null` if it names none. */
  access: Access | null;
  /** Permissions besides the access to its file. */
  permissions: readonly Permission[];
  /** Section in which a short help lists it; `null` if only `--help all` does. */
  group: (typeof FLAG_GROUPS)[number] | null;
  /** Default value. */
  default: D;
  /**
   * Returns the value of the given texts, one per use of the flag.
   *
   * @param place Name of the flag in errors: `--seed`.
   * @throws {UsageError} If a text is not valid.
   */
  read(given: readonly string[], place: string): T;
}

/** Completions of a flag or an operand: files, or these words. */
export type Completed = "files" | readonly string[];

/** Flags of a subcommand by key, in the order of its help. */
export type FlagSet = Readonly<Record<string, Flag<unknown, unknown>>>;

/** Values of flags by key, as their declarations type them. */
export type FlagValues<F extends FlagSet> = {
  [K in keyof F]: F[K] extends Flag<infer T, infer D> ? T | D : never;
};

/**
 * Returns the spelling of a key on the command line, without the dashes: `maxWarnings` is
 * `max-warnings`.
 */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

/** Options of every kind of flag. */
interface Common<D> {
  /** Meaning, without the default. */
  help: string;
  /** Default value; `null`, the default, means there is none. */
  default?: D;
  /** Text for the default in the help, if `default` does not say it. */
  otherwise?: string;
  /** Placeholder for its value in the help. */
  value?: string;
  /** Permissions besides the access to its file. */
  permissions?: readonly Permission[];
}

/** Returns a flag whose value one function reads. */
export function parsed<T, const D = null>(
  { help, value, otherwise, permissions = [], ...rest }: Common<D> & {
    value: string;
    /** Shell completions of its value. */
    takes?: readonly string[];
    read(text: string, place: string): T;
  },
): Flag<T, D> {
  // If the default is left out, D is null.
  const fallback = (rest.default ?? null) as D;
  const shown = otherwise ?? fallback;
  return {
    help: shown === null ? help : `${help}; default: ${shown}`,
    value,
    takes: rest.takes ?? [],
    repeatable: false,
    access: null,
    permissions,
    group: null,
    default: fallback,
    read: ([text], place) => rest.read(text, place),
  };
}

/** Returns a switch: given or not. */
export function boolean(help: string, permissions: readonly Permission[] = []): Flag<boolean> {
  return {
    help,
    value: null,
    takes: [],
    repeatable: false,
    access: null,
    permissions,
    group: null,
    default: false,
    read: () => true,
  };
}

/** Returns a flag for a whole number from `least` to `most`, or the word `or`. */
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
    read: (text, place) => text === or ? or : readInteger(text, place, { least, most, or }),
  });
}

/** Returns a flag for one of a few words. */
export function oneOf<const W extends string, const D extends W | null = null>(
  words: readonly W[],
  common: Common<D> & {
    /** Suggests a word for a typo. */
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

/** Returns a flag for a list of distinct entries, separated by commas. */
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
          refusal`${place} is ${showValue(text)}, expected a list with commas between its entries`,
        );
      }
      return requireDistinct(words.map((word) => read(word, place)), place);
    },
  });
}

/** Returns a flag for a regular expression. */
export function pattern(help: string): Flag<RegExp, null> {
  return parsed({ value: "REGEX", help, read: readPattern });
}

/** Returns a flag for the path of a file. */
export function file(access: Access, common: Common<null>): Flag<string, null> {
  return {
    ...parsed({ value: "FILE", ...common, read: (text, place) => requirePath(place, text) }),
    takes: "files",
    access,
  };
}

/** Returns a flag for the paths of files, one per use. */
export function files(access: Access, common: Common<null>): Flag<string[]> {
  return repeated(file(access, common));
}

/** Makes a flag repeatable. */
export function repeated<T>(flag: Flag<T, unknown>): Flag<T[]> {
  return {
    ...flag,
    repeatable: true,
    default: [],
    read: (given, place) => given.map((text) => flag.read([text], place)),
  };
}

/** Lists a flag in the short help of subcommands with many flags. */
export function usual<F extends Flag<unknown, unknown>>(
  group: (typeof FLAG_GROUPS)[number],
  flag: F,
): F {
  return { ...flag, group };
}

/** Removes the default of a flag, for values that can be set elsewhere too. */
export function withoutDefault<T>(flag: Flag<T, unknown>): Flag<T, null> {
  return { ...flag, default: null };
}

/** Reads a whole number in a range; `or` is a word that the caller accepts as well. */
export function readInteger(
  text: string,
  place: string,
  { least, most, or }: { least: number; most: number; or?: string },
): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value >= least && value <= most) return value;
  const isOpen = most === Number.MAX_SAFE_INTEGER && !(value > most);
  const range = isOpen ? `${least} or more` : `${least} to ${most}`;
  throw new UsageError(
    refusal`${place} is ${showValue(text)}, expected a whole number, ${range}${
      or === undefined ? "" : `, or ${or}`
    }`,
  );
}

export function seconds<const D extends number | null = null>(common: Common<D>): Flag<number, D> {
  return parsed<number, D>({ value: "SECONDS", ...common, read: readSeconds });
}

/** More seconds than a day are a typo. */
const MAX_SECONDS = 86400;

function readSeconds(text: string, place: string): number {
  const value = Number(text);
  if (/^\d*\.?\d+$/.test(text) && value > 0 && value <= MAX_SECONDS) return value;
  throw new UsageError(
    refusal`${place} is ${showValue(text)}, expected seconds, above 0 and at most ${MAX_SECONDS}`,
  );
}

/** Lists longer than this are replaced by a suggestion, if there is one. */
const MOST_LISTED = 8;

/** Reads one of a few words; the error suggests the one that was probably meant. */
export function readWord<W extends string>(
  text: string,
  place: string,
  words: readonly W[],
  hint = (text: string) => nearest(text, words),
): W {
  const word = words.find((word) => word === text);
  if (word !== undefined) return word;
  const near = hint(text);
  const isLong = words.length > MOST_LISTED;
  throw new UsageError({
    place,
    found: showValue(text),
    expected: anyOf(words),
    meant: isLong ? near : "",
    hint: isLong ? "" : near,
  });
}

/** Rejects duplicates in a list. */
export function requireDistinct<T>(values: T[], place: string): T[] {
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice === undefined) return values;
  throw new UsageError(refusal`${place} has ${showValue(twice)} twice, expected it once`);
}

function readPattern(source: string, place: string): RegExp {
  try {
    return new RegExp(source);
  } catch (error) {
    // V8 repeats the whole of it first: `Invalid regular expression: /(/: Unterminated group`.
    const reason = (error as Error).message.replace(/^.*: /s, "");
    throw new UsageError(
      refusal`${place} is ${showValue(source)}, expected a regular expression: ${reason}`,
    );
  }
}
