import { showWord } from "../words/show_word.ts";
import { showValue } from "../words/show_value.ts";
import { parseArgs } from "@std/cli/parse-args";
import { nearest } from "../words/nearest.ts";
import type { Flag, FlagValues } from "./flag.ts";
import { UsageError } from "./usage_error.ts";

/** A command line taken apart. */
export interface ParsedCommand {
  /** What is no flag. */
  operands: string[];
  /** The flags that were given. */
  flags: FlagValues;
}

/** In characters; of Linux, which allows the longest. */
const LONGEST_PATH = 4096;

/**
 * Takes the arguments of a subcommand apart.
 *
 * @param args The arguments after the subcommand.
 * @param known The flags that it takes.
 * @returns Operands and flags.
 * @throws {UsageError} If a flag is unknown, is given twice or lacks its value, or a switch has one.
 */
export function parseCommand(args: string[], known: readonly Flag[]): ParsedCommand {
  const names = known.map(({ name }) => name);
  const switches = known.filter(({ value }) => value === null).map(({ name }) => name);
  const strings = known.filter(({ value }) => value !== null).map(({ name }) => name);
  const parsed = parseArgs(withNegatives(args, strings), {
    string: [...strings, "_"],
    boolean: switches,
    collect: names,
    alias: { h: "help" },
    "--": true,
    unknown(argument, key) {
      if (key === undefined) return true;
      const suggestion = nearest(key, names).replace(/"(.*)"/, "--$1");
      const flag = argument.split("=")[0];
      throw new UsageError(
        `unknown flag ${showWord(flag)}${suggestion || "; see --help"}`,
      );
    },
  });
  const flags: FlagValues = {};
  for (const { name, value, repeatable } of known) {
    const given = [parsed[name] ?? []].flat().filter((item) => item !== false);
    if (given.length === 0) continue;
    if (given.length > 1 && !repeatable && value !== null) {
      throw new UsageError(`--${name} is given ${given.length} times, expected once`);
    }
    if (value !== null && given.includes("")) {
      throw new UsageError(`--${name} lacks its value: expected --${name} ${value}`);
    }
    flags[name] = repeatable ? given.map(String) : value === null ? true : String(given[0]);
  }
  for (const argument of args) {
    const [, name] = argument.match(/^--([^=]+)=/) ?? [];
    if (name !== undefined && switches.includes(name)) {
      throw new UsageError(`--${name} takes no value, found ${showValue(argument)}`);
    }
    if (argument === "--") break;
  }
  const operands = [...parsed._.map(String), ...parsed["--"] ?? []];
  for (const operand of operands) requirePath("an operand", operand);
  for (const { name, value } of known) {
    // Also that of `text|json[=FILE]`.
    if (!value?.includes("FILE")) continue;
    for (const given of [flags[name] ?? []].flat()) requirePath(`--${name}`, String(given));
  }
  return { operands, flags };
}

/** What no system takes for the path of a file; the word for a rule or a shell is shorter still. */
function requirePath(what: string, text: string): void {
  if (text === "") throw new UsageError(`${what} is empty: name a file, or leave it out`);
  if (text.length > LONGEST_PATH || text.includes("\0")) {
    throw new UsageError(`${what} is not a file path, found ${showValue(text)}`);
  }
}

/**
 * Joins a negative number with the flag before it: no flag takes one, and that is what its own reader
 * says, whereas `-1` alone would pass for an unknown flag.
 */
function withNegatives(args: string[], strings: string[]): string[] {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const joined: string[] = [];
  for (const [index, argument] of args.entries()) {
    const before = args[index - 1] ?? "";
    const joins = index < end && /^-\.?\d/.test(argument) && before.startsWith("--") &&
      strings.includes(before.slice(2));
    if (joins) joined[joined.length - 1] += `=${argument}`;
    else joined.push(argument);
  }
  return joined;
}
