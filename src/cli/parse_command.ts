import { parseArgs } from "@std/cli/parse-args";
import { anyOf } from "../words/any_of.ts";
import { nearest } from "../words/nearest.ts";
import { showValue } from "../words/show_value.ts";
import { showWord } from "../words/show_word.ts";
import type { Operand } from "./command.ts";
import { flagName, type FlagSet, type FlagValues } from "./flag.ts";
import { requirePath } from "./require_path.ts";
import { UsageError } from "./usage_error.ts";

/** Parsed command line. */
export interface ParsedCommand<F extends FlagSet> {
  /** Operands. */
  operands: string[];
  /** Value of every flag, given or default. */
  flags: FlagValues<F>;
}

/**
 * Parses the arguments of a subcommand.
 *
 * @param args The arguments after the subcommand.
 * @param operand Its operand.
 * @param known Its flags.
 * @returns Operands and flags.
 * @throws {UsageError} If a flag is unknown, is given twice or lacks its value, a switch has one, a
 * value is not valid, or operands are missing or too many.
 */
export function parseCommand<F extends FlagSet>(
  args: readonly string[],
  operand: Operand,
  known: F,
): ParsedCommand<F> {
  const flags = Object.entries(known).map(([key, flag]) => ({ key, name: flagName(key), flag }));
  const names = flags.map(({ name }) => name);
  const switches = flags.filter(({ flag }) => flag.value === null).map(({ name }) => name);
  const strings = names.filter((name) => !switches.includes(name));
  const parsed = parseArgs(withRefused(args, strings), {
    string: [...strings, "_"],
    boolean: switches,
    collect: names,
    "--": true,
    unknown(argument, key) {
      if (key === undefined) return true;
      const suggestion = nearest(key, names).replace(/"(.*)"/, "--$1");
      const flag = argument.split("=")[0];
      throw new UsageError(
        `The flag ${showWord(flag)} is unknown${suggestion || ", expected one that --help lists"}`,
      );
    },
  });
  refuseSwitchValues(args, switches);
  const operands = [...parsed._.map(String), ...parsed["--"] ?? []];
  requireOperands(operands, operand);
  const values = flags.map(({ key, name, flag }) => {
    const place = `--${name}`;
    const given = [parsed[name] ?? []].flat().filter((item) => item !== false).map(String);
    if (given.length === 0) return [key, flag.default];
    if (given.length > 1 && !flag.repeatable && flag.value !== null) {
      throw new UsageError(`${place} is given ${given.length} times, expected once`);
    }
    if (flag.value !== null && given.includes("")) {
      throw new UsageError(`${place} has no value, expected ${place} ${flag.value}`);
    }
    return [key, flag.read(given, place)];
  });
  // Each flag has read its own value: fromEntries() loses the types.
  return { operands, flags: Object.fromEntries(values) as FlagValues<F> };
}

const MAX_OPERANDS_SHOWN = 5;

function requireOperands(operands: readonly string[], { name, least, most, takes }: Operand): void {
  const expected = takes === "files" ? undefined : "a name";
  for (const operand of operands) requirePath(name, operand, expected);
  if (operands.length < least) {
    const expected = Array.isArray(takes) ? anyOf(takes) : "a file";
    throw new UsageError(`${name} is missing, expected ${expected}`);
  }
  if (operands.length <= most) return;
  const shown = operands.slice(0, MAX_OPERANDS_SHOWN).map(showWord).join(" ");
  const more = operands.length > MAX_OPERANDS_SHOWN ? " ..." : "";
  throw new UsageError(
    `${name} is given ${operands.length} times, expected ${
      most === 1 ? "once" : "twice"
    } at most: ${shown}${more}`,
  );
}

function refuseSwitchValues(args: readonly string[], switches: readonly string[]): void {
  for (const argument of args) {
    if (argument === "--") return;
    const [, name, value] = argument.match(/^--([^=]+)=(.*)$/s) ?? [];
    if (name === undefined || !switches.includes(name)) continue;
    throw new UsageError(`--${name} is ${showValue(value)}, expected no value`);
  }
}

/**
 * Joins a negative number, or an empty text, with the flag before it. No flag accepts them, and the
 * flag's own reader says so; otherwise `-1` would be reported as an unknown flag, and `""` as an
 * operand.
 */
function withRefused(args: readonly string[], strings: readonly string[]): string[] {
  const end = args.includes("--") ? args.indexOf("--") : args.length;
  const joined: string[] = [];
  for (const [index, argument] of args.entries()) {
    const before = args[index - 1] ?? "";
    const joins = index < end && /^(-\.?\d|$)/.test(argument) && before.startsWith("--") &&
      strings.includes(before.slice(2));
    if (joins) joined[joined.length - 1] += `=${argument}`;
    else joined.push(argument);
  }
  return joined;
}
