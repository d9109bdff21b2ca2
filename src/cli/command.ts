import type { Completed, FlagSet, FlagValues, Permission } from "./flag.ts";
import { boolean } from "./flag_kinds.ts";

/** What a subcommand takes besides flags. */
export interface Operand {
  /** What the help calls it: `MODEL`. */
  name: string;
  /** How many there must be. */
  least: 0 | 1;
  /** How many there may be. */
  most: 1 | 2 | typeof Infinity;
  /** Shell completions; a function if plugins can add some. */
  takes: Completed | (() => readonly string[]);
  /** True if the folder of a model stands for the model in it. */
  opensFolders?: boolean;
}

/** What a subcommand says of itself, for its help and completions. */
interface CommandText {
  /** What it takes besides flags. */
  operand: Operand;
  /** What it does, in a few sentences. */
  description: string;
  /** Further sections of the help: a title and its paragraphs. */
  sections?: readonly (readonly [title: string, paragraphs: readonly string[]])[];
  /** Command lines to try, each with what it does. */
  examples: readonly (readonly [command: string, does: string])[];
  /** The permissions that it needs whatever flags it is given. */
  permissions: readonly Permission[];
}

/** A subcommand: what its help says, and what it does. */
export interface Command extends CommandText {
  /** The flags that it takes, `--help` the last. */
  flags: FlagSet;
  /**
   * Carries it out.
   *
   * @param args The arguments after its name.
   * @returns The exit code.
   */
  run(args: readonly string[]): Promise<number>;
}

/** A subcommand from its declaration: what it does is given the flags as their declarations type them. */
export function defineCommand<F extends FlagSet>(
  { flags, run, ...text }: CommandText & {
    /** The flags that it takes; `--help` comes by itself. */
    flags: F;
    /** Carries it out and returns the exit code. */
    run(operands: string[], flags: FlagValues<F>): Promise<number>;
  },
): Command {
  return {
    ...text,
    flags: { ...flags, help: boolean("show this help") },
    async run(args) {
      // --help must not pay for it.
      const { parseCommand } = await import("./parse_command.ts");
      const { operands, flags: values } = parseCommand(args, text.operand, flags);
      if (!text.operand.opensFolders) return await run(operands, values);
      const { modelIn } = await import("./model_in.ts");
      return await run(await Promise.all(operands.map(modelIn)), values);
    },
  };
}

/**
 * What a subcommand does, in a module of this folder that is loaded when it is carried out. Its path is
 * no literal in an `import()`: what a literal names, Deno reads with all that it imports before the first line of
 * any subcommand runs. So it takes permission to read this package, which `--help` does without.
 *
 * @param path The module, from this folder; it exports `run`.
 */
export function late<M extends { run: (operands: string[], flags: never) => Promise<number> }>(
  path: string,
): M["run"] {
  return (async (...given: Parameters<M["run"]>) => {
    return await (await import(path)).run(...given);
  }) as M["run"];
}

/** How the help writes what a subcommand takes: `[MODEL] [flags]`. */
export function usageOf({ name, least, most }: Operand): string {
  const many = most === 2 ? `${name} [${name}]` : most > 1 ? `${name}...` : name;
  return `${least === 0 ? `[${many}]` : many} [flags]`;
}
