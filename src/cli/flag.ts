/** A permission that a run may need, for users who do not want to allow all. */
export interface Permission {
  /** What to give to `deno run`. */
  grant: string;
  /** What it is for. */
  purpose: string;
}

/** What a flag does with the file that it names: `run` is for modules, whose code runs. */
export type Access = "read" | "run" | "write";

/**
 * One flag. Parsing, its error, the type of its value, the help, completions and permissions follow
 * from it; `flag_kinds.ts` makes them. Its name is its key in the {@linkcode FlagSet}, in the
 * spelling of {@linkcode flagName}. `T` is what was given, `D` what holds where it was not.
 */
export interface Flag<T, D = T> {
  /** What it means, and its default. */
  help: string;
  /** What stands for its value in the help, or `null` for a switch. */
  value: string | null;
  /** What a shell completes its value with. */
  takes: Completed;
  /** Whether it may be given more than once. */
  repeatable: boolean;
  /** What happens to the file that it names, or `null` where it names none. */
  access: Access | null;
  /** What it needs besides the access to its file. */
  permissions: readonly Permission[];
  /** Its value where it is not given. */
  default: D;
  /**
   * The value of what was given, of a flag that may be repeated every time.
   *
   * @param place What the error calls it: `--seed`.
   * @throws {UsageError} If that is not what it takes.
   */
  read(given: readonly string[], place: string): T;
}

/** What a flag or an operand is completed with: files, or these words. */
export type Completed = "files" | readonly string[];

/** The flags of a subcommand by key, in the order in which its help shows them. */
export type FlagSet = Readonly<Record<string, Flag<unknown, unknown>>>;

/** The values of flags, by key, as their declarations type them. */
export type FlagValues<F extends FlagSet> = {
  [K in keyof F]: F[K] extends Flag<infer T, infer D> ? T | D : never;
};

/** How the command line writes a key, without the dashes: `maxWarnings` is `max-warnings`. */
export function flagName(key: string): string {
  return key.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
