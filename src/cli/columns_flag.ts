import type { Flag, FlagValues } from "./flag.ts";
import { wholeNumber } from "./measure_flags.ts";
import { UsageError } from "./usage_error.ts";

/** How wide a text is, in every subcommand that shows one. */
export const COLUMNS_FLAG: Flag = {
  name: "columns",
  value: "N",
  help: "columns of the text; default: the terminal's, else 80",
};

/** The same, and its other name where that is free: `sweep` has it for the units of a layer. */
export const WIDTH_FLAGS: readonly Flag[] = [
  COLUMNS_FLAG,
  { name: "width", value: "N", help: "the same as --columns" },
];

/** What a text is never narrower than by itself, however narrow the terminal. */
const LEAST = 40;

/**
 * Reads {@linkcode WIDTH_FLAGS}.
 *
 * @param flags The flags that were given.
 * @param terminal Whether the text goes to a terminal.
 * @param least The least that may be given.
 * @throws {UsageError} If it is no whole number from there to 1000, or both are given.
 */
export function readColumns(flags: FlagValues, terminal: boolean, least = 20): number {
  const names = WIDTH_FLAGS.map(({ name }) => name).filter((name) => flags[name] !== undefined);
  if (names.length > 1) {
    throw new UsageError("--columns and --width are the same: give one of them");
  }
  const [name = "columns"] = names;
  return wholeNumber(flags, name, least, 1000) ??
    (terminal ? Math.max(LEAST, columnsOfTerminal()) : 80);
}

/** A pseudo-terminal that was never given a size says it has none. */
function columnsOfTerminal(): number {
  return Deno.consoleSize().columns || 80;
}
