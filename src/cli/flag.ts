/** One flag of a subcommand. */
export interface Flag {
  /** Name without the dashes. */
  name: string;
  /** What stands for its value in the help, or `null` for a switch. */
  value: string | null;
  /** One line of help. */
  help: string;
  /** What a shell completes its value with, where `value` names none of it. */
  words?: readonly string[];
  /** Whether it may be given more than once. */
  repeatable?: boolean;
}

/** The values of the flags that were given: a string, or `true` for a switch, by name. */
export type FlagValues = Record<string, string | true | string[]>;
