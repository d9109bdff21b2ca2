/** Permission that a run may need, for users who do not want to allow all. */
export interface Permission {
  /** Flag for `deno run`. */
  grant: string;
  /** Purpose. */
  purpose: string;
}

/** Access of a flag to the file that it names; `run` is for modules, whose code runs. */
export type Access = "read" | "run" | "write";

/**
 * Flag. Parsing, its error, the type of its value, the help, completions and permissions are
 * derived from it; `flag_kinds.ts` creates flags. Its name is its key in the {@linkcode FlagSet},
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
