import type { RenderTextOptions } from "../render/render_text.ts";
import type { FlagValues } from "./flag.ts";
import { boolean, integer } from "./flag_kinds.ts";

/** How wide a text is, in every subcommand that shows one; heat maps need more than bars. */
export function columnsFlag(least = 20) {
  return integer({
    help: "columns of the text",
    otherwise: "the terminal's, else 80",
    least,
    most: 1000,
  });
}

/** The least width by default, however narrow the terminal is. */
const LEAST = 40;

/**
 * The columns of a text.
 *
 * @param given What `--columns` says, if anything.
 * @param terminal Whether the text goes to a terminal.
 */
export function columnsOf(given: number | null, terminal: boolean): number {
  return given ?? (terminal ? Math.max(LEAST, columnsOfTerminal()) : 80);
}

/** A pseudo-terminal without a size reports 0 columns. */
function columnsOfTerminal(): number {
  return Deno.consoleSize().columns || 80;
}

/** How a text looks. */
export const TEXT_FLAGS = {
  columns: columnsFlag(),
  unicode: boolean("draw with Unicode even where no terminal reads it"),
  ascii: boolean("plain ASCII without colour even in a terminal"),
};

/** The program that opens a file as a double click does. */
export const OPENER = { darwin: "open", windows: "explorer" }[Deno.build.os as string] ??
  "xdg-open";

/** Whether to show the file that was written. */
export const OPEN_FLAG = boolean("open the file that was written, as a double click does", [{
  grant: `--allow-run=${OPENER}`,
  purpose: "the program that opens files here, for --open",
}]);

/** Whether a text shows every finding beside the causes. */
export const DETAILS_FLAG = boolean("show every finding, and what each rule expected");

/**
 * How a text is drawn. Columns, colour and Unicode are the terminal's where the text goes to one; `NO_COLOR`
 * and `FORCE_COLOR` are obeyed, the first before a terminal, the second without one.
 *
 * @param flags The flags that were given.
 * @param out Where the result goes: a file, or `null` for stdout.
 */
export function textOptions(
  { columns, unicode, ascii }: FlagValues<typeof TEXT_FLAGS>,
  out: string | null,
): Required<Pick<RenderTextOptions, "width" | "unicode" | "color">> {
  const terminal = out === null && Deno.stdout.isTerminal();
  const able = terminal && variable("TERM") !== "dumb";
  const forced = out === null && Boolean(variable("FORCE_COLOR"));
  return {
    width: columnsOf(columns, terminal),
    unicode: !ascii && (unicode || (able && readsUnicode())),
    color: !ascii && !Deno.noColor && (able || forced),
  };
}

/** Whether the terminal shows Unicode: unless its locale says otherwise, or it is a console of Linux. */
function readsUnicode(): boolean {
  const locale = variable("LC_ALL") || variable("LC_CTYPE") || variable("LANG");
  return variable("TERM") !== "linux" && (!locale || /utf-?8/i.test(locale));
}

/** Asks for no permission: a variable that may not be read is not set. */
function variable(name: string): string | undefined {
  const { state } = Deno.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? Deno.env.get(name) : undefined;
}
