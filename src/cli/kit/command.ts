import configuration from "../../../deno.json" with { type: "json" };
import { InputError, nearest, refusal } from "../../ground/words/input_error.ts";
import { anyOf, showValue, showWord } from "../../ground/words/show_value.ts";
import {
  boolean,
  type Completed,
  flagName,
  type FlagSet,
  type FlagValues,
  type Permission,
  requirePath,
  UsageError,
} from "./flag.ts";
import { parseArgs } from "@std/cli/parse-args";

export interface Operand {
  /** Name in the help: `MODEL`. */
  name: string;
  /** Minimum number. */
  least: 0 | 1;
  /** Maximum number. */
  most: 1 | 2 | typeof Infinity;
  /** Shell completions; a function if plugins can add some. */
  takes: Completed | (() => readonly string[]);
  /** True if a folder can be given instead of the model in it. */
  opensFolders?: boolean;
}

/** Text of a subcommand for its help and completions. */
interface CommandText {
  /** Its operand. */
  operand: Operand;
  /** Description in a few sentences. */
  description: string;
  /** Further sections of the help: a title and its paragraphs. */
  sections?: readonly (readonly [title: string, paragraphs: readonly string[]])[];
  /** Examples, each with a description. */
  examples: readonly (readonly [command: string, does: string])[];
  /** Permissions that it needs with any flags. */
  permissions: readonly Permission[];
}

/** Subcommand. */
export interface Command extends CommandText {
  /** Its flags, `--help` last. */
  flags: FlagSet;
  /**
   * Runs it.
   *
   * @param args The arguments after its name.
   * @returns The exit code.
   */
  run(args: readonly string[]): Promise<number>;
}

/** Subcommand that is not loaded yet. */
export interface CommandEntry {
  /** Summary in one line. */
  summary: string;
  /** Loads it separately, to keep `--help` of the others fast. */
  load(): Promise<Command>;
}

/** Makes a subcommand from its declaration; its `run` gets flags of the declared types. */
export function defineCommand<F extends FlagSet>(
  { flags, run, ...text }: CommandText & {
    /** Its flags; `--help` is added. */
    flags: F;
    /** Runs the command and returns the exit code. */
    run(operands: string[], flags: FlagValues<F>): Promise<number>;
  },
): Command {
  return {
    ...text,
    flags: { ...flags, help: helpFlag(flags) },
    async run(args) {
      const { operands, flags: values } = parseCommand(args, text.operand, flags);
      if (!text.operand.opensFolders) return await run(operands, values);
      const { modelIn } = await import("../model_in.ts");
      return await run(await Promise.all(operands.map(modelIn)), values);
    },
  };
}

/** Largest number of flags that a help lists in full. */
const MAX_FLAGS_LISTED = 15;

/** Returns the flag that shows the help: the short one, if there are many flags. */
function helpFlag(flags: FlagSet): FlagSet[string] {
  const help = boolean("show this help");
  if (Object.keys(flags).length <= MAX_FLAGS_LISTED) return help;
  return {
    ...help,
    help: "show the usual flags, or all, with what each means, and the permissions",
    value: "[all]",
    takes: ["all"],
  };
}

/** Work of a subcommand: exit code for its operands and the values of its flags. */
type Work = (operands: string[], flags: unknown) => Promise<number>;

/**
 * Loads the code of a subcommand when it runs. Its path in the `import()` is not a literal: Deno
 * reads a literal's module and all its imports before the first line of any subcommand runs.
 *
 * @param load Imports the module; it exports `run`, which gets the flags as they are declared.
 */
export function late(load: () => Promise<{ run: Work }>): Work {
  return async (operands, flags) => await (await load()).run(operands, flags);
}

/** Returns the usage of a subcommand for its help: `[MODEL] [flags]`. */
export function usageOf(operand: Operand): string {
  const many = repeated(operand);
  return `${operand.least === 0 ? `[${many}]` : many} [flags]`;
}

/** Returns the name of an operand, repeated if there may be several. */
function repeated({ name, most }: Operand): string {
  if (most === 2) return `${name} [${name}]`;
  return most > 1 ? `${name}...` : name;
}

export function version(): string {
  return configuration.version;
}

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
      throw new UsageError({
        place: `The flag ${showWord(argument.split("=")[0])}`,
        found: "unknown",
        expected: "one that --help all lists",
        meant: nearest(key, names).replace(/"(.*)"/, "--$1"),
      });
    },
  });
  requireNoSwitchValues(args, switches);
  const operands = [...parsed._.map(String), ...parsed["--"] ?? []];
  requireOperands(operands, operand);
  const values = flags.map(({ key, name, flag }) => {
    const place = `--${name}`;
    const given = [parsed[name] ?? []].flat().filter((item) => item !== false).map(String);
    if (given.length === 0) return [key, flag.default];
    if (given.length > 1 && !flag.repeatable && flag.value !== null) {
      throw new UsageError(refusal`${place} is given ${given.length} times, expected once`);
    }
    if (flag.value !== null && given.includes("")) {
      throw new UsageError(refusal`${place} has no value, expected ${place} ${flag.value}`);
    }
    return [key, readFlag(() => flag.read(given, place))];
  });
  // Each flag has read its own value: fromEntries() loses the types.
  return { operands, flags: Object.fromEntries(values) as FlagValues<F> };
}

/** Makes a refusal of a reader that is not about command lines one of the command line. */
function readFlag<T>(read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InputError) || error instanceof UsageError) throw error;
    throw new UsageError(error.message, { cause: error });
  }
}

const MAX_OPERANDS_SHOWN = 5;

function requireOperands(operands: readonly string[], { name, least, most, takes }: Operand): void {
  const expected = takes === "files" ? undefined : "a name";
  for (const operand of operands) requirePath(name, operand, expected);
  if (operands.length < least) {
    const expected = Array.isArray(takes) ? anyOf(takes) : "a file";
    throw new UsageError(refusal`${name} is missing, expected ${expected}`);
  }
  if (operands.length <= most) return;
  const shown = operands.slice(0, MAX_OPERANDS_SHOWN).map(showWord).join(" ");
  const more = operands.length > MAX_OPERANDS_SHOWN ? " ..." : "";
  throw new UsageError(
    refusal`${name} is given ${operands.length} times, expected ${
      most === 1 ? "once" : "twice"
    } at most: ${shown}${more}`,
  );
}

function requireNoSwitchValues(args: readonly string[], switches: readonly string[]): void {
  for (const argument of args) {
    if (argument === "--") return;
    const [, name, value] = argument.match(/^--([^=]+)=(.*)$/s) ?? [];
    if (name === undefined || !switches.includes(name)) continue;
    throw new UsageError(refusal`--${name} is ${showValue(value)}, expected no value`);
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
