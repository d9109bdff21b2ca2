import type { Flag, FlagValues } from "./flag.ts";

/** A subcommand: what its help says, and what it does. */
export interface Command {
  /** Usage after `gradient-health`: `report [MODEL] [flags]`. */
  usage: string;
  /** What its operands are, for a shell that completes them; words where there are few. Default: none. */
  operands?: "file" | "rule" | readonly string[];
  /** What it does, in a few sentences. */
  description: string;
  /** The flags it takes. */
  flags: readonly Flag[];
  /** Further sections of the help: a title and its paragraphs. */
  sections?: readonly (readonly [title: string, paragraphs: readonly string[]])[];
  /** Command lines to try, each with what it does. */
  examples: readonly [command: string, does: string][];
  /**
   * The permissions it needs, for users who do not want to allow all: a flag, two spaces, its purpose.
   */
  permissions: readonly string[];
  /** Carries it out and returns the exit code. */
  run(operands: string[], flags: FlagValues): Promise<number>;
}
