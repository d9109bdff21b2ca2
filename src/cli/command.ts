import type { Completed, FlagSet, FlagValues, Permission } from "./flag.ts";
import { boolean } from "./flag_kinds.ts";

/** Operand of a subcommand. */
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

/** Makes a subcommand from its declaration; its `run` gets flags of the declared types. */
export function defineCommand<F extends FlagSet>(
  { flags, run, ...text }: CommandText & {
    /** Its flags; `--help` is added. */
    flags: F;
    /** Runs it and returns the exit code. */
    run(operands: string[], flags: FlagValues<F>): Promise<number>;
  },
): Command {
  return {
    ...text,
    flags: { ...flags, help: boolean("show this help") },
    async run(args) {
      // Loaded late to keep --help fast.
      const { parseCommand } = await import("./parse_command.ts");
      const { operands, flags: values } = parseCommand(args, text.operand, flags);
      if (!text.operand.opensFolders) return await run(operands, values);
      const { modelIn } = await import("./model_in.ts");
      return await run(await Promise.all(operands.map(modelIn)), values);
    },
  };
}

/**
 * Loads the code of a subcommand from a module of this folder when it runs. The path is not a
 * literal in the `import()`: Deno reads a literal's module and all its imports before the first
 * line of any subcommand runs, which needs permission to read this package; `--help` works without.
 *
 * @param path The module, relative to this folder; it exports `run`.
 */
export function late<M extends { run: (operands: string[], flags: never) => Promise<number> }>(
  path: string,
): M["run"] {
  return (async (...given: Parameters<M["run"]>) => {
    return await (await import(path)).run(...given);
  }) as M["run"];
}

/** Returns the usage of a subcommand for its help: `[MODEL] [flags]`. */
export function usageOf({ name, least, most }: Operand): string {
  const many = most === 2 ? `${name} [${name}]` : most > 1 ? `${name}...` : name;
  return `${least === 0 ? `[${many}]` : many} [flags]`;
}
