import { formatsOf } from "../render/formats.ts";
import type { RenderTextOptions } from "../render/render_text.ts";
import type { Flag, FlagValues } from "./flag.ts";
import { oneOf, readLayers, wholeNumber } from "./read_flags.ts";
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
  { name: "width", value: "N", help: "same as --columns" },
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

/** The flags that say how a result looks and where it goes. */
export const SHOW_FLAGS: readonly Flag[] = [
  { name: "format", value: formatsOf("report").join("|"), help: "default: text" },
  { name: "out", value: "FILE", help: "write the result there instead of to stdout" },
  { name: "layers", value: "REGEX", help: "draw only the layers whose name matches" },
  { name: "scale", value: "log|linear", help: "scale of the bars; default: log" },
  ...WIDTH_FLAGS,
  { name: "unicode", value: null, help: "draw the bars with eighth blocks" },
  { name: "help", value: null, help: "show this help" },
];

/**
 * Reads {@linkcode SHOW_FLAGS}. Width and colour are the terminal's where the text goes to one;
 * `NO_COLOR` and `FORCE_COLOR` are obeyed, the first before a terminal, the second without one.
 *
 * @param flags The flags that were given.
 * @param out Where the result goes: a file, or `null` for stdout.
 * @throws {UsageError} If a value is not what its flag takes.
 */
export function textOptions(flags: FlagValues, out: string | null): RenderTextOptions {
  const terminal = out === null && Deno.stdout.isTerminal();
  return {
    width: readColumns(flags, terminal),
    unicode: flags.unicode === true,
    color: !Deno.noColor && (terminal || (out === null && colorIsForced())),
    scale: oneOf<"log" | "linear">(flags, "scale", ["log", "linear"], "log"),
    layers: readLayers(flags.layers as string | undefined) ?? undefined,
  };
}

/** Asks for no permission: without permission to read the variable nothing is forced. */
function colorIsForced(): boolean {
  const permission = { name: "env", variable: "FORCE_COLOR" } as const;
  return Deno.permissions.querySync(permission).state === "granted" &&
    Boolean(Deno.env.get("FORCE_COLOR"));
}
