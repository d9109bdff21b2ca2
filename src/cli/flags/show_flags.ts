import type { RenderTextOptions } from "../../core/text/render_charts.ts";
import { oneLine } from "../../ground/words/failure.ts";
import { anyOf } from "../../ground/words/show_value.ts";
import { type FormatName, FORMATS, formatsOf, type Result, type ShowFlag } from "../formats.ts";
import {
  boolean,
  flagName,
  type FlagSet,
  type FlagValues,
  integer,
  UsageError,
  usual,
} from "../kit/flag.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { host } from "../../platform/host.ts";

/** Returns the flag for the width of a text; heat maps need more columns than bars. */
export function columnsFlag(least = 20) {
  return integer({
    help: "columns of the text",
    otherwise: "the terminal's, else 80",
    least,
    most: 1000,
  });
}

/** Minimum default width, however narrow the terminal is. */
const LEAST = 40;

/**
 * Returns the width of a text in columns.
 *
 * @param given The value of `--columns`, if any.
 * @param options `terminal`: the text goes to a terminal.
 */
export function columnsOf(given: number | null, { terminal }: { terminal: boolean }): number {
  return given ?? (terminal ? Math.max(LEAST, columnsOfTerminal()) : 80);
}

/** Returns the width of the terminal. A pseudo-terminal without a size reports 0 columns. */
function columnsOfTerminal(): number {
  return host.consoleSize().columns || 80;
}

/** Flags for drawing a text. */
export const TEXT_FLAGS = {
  columns: columnsFlag(),
  unicode: boolean("draw with Unicode even where no terminal reads it"),
  ascii: boolean("plain ASCII without colour even in a terminal"),
};

/** Program that opens a file as a double click does. */
export const OPENER = { darwin: "open", windows: "explorer" }[host.build.os as string] ??
  "xdg-open";

/** Flag that opens the file written. */
export const OPEN_FLAG = boolean("open the file that was written, as a double click does", [{
  grant: `--allow-run=${OPENER}`,
  purpose: "the program that opens files here, for --open",
}]);

/** Flag that lets a result replace any file except an input. */
export const FORCE_FLAG = boolean(
  "replace a file that this program did not write; an input file is never replaced",
);

/** Flag that shows every finding in addition to the causes. */
export const DETAILS_FLAG = usual(
  "result",
  boolean("show every finding, and what each rule expected"),
);

/**
 * Returns the options for drawing a text. Columns, colour and Unicode are those of the terminal if
 * the text goes to one. `NO_COLOR` turns colour off on a terminal; `FORCE_COLOR` turns it on
 * without one.
 *
 * @param out The destination of the result: a file, or `null` for stdout.
 */
export function textOptions(
  { columns, unicode, ascii }: FlagValues<typeof TEXT_FLAGS>,
  out: string | null,
): Required<Pick<RenderTextOptions, "width" | "unicode" | "color">> {
  const terminal = out === null && host.stdout.isTerminal();
  const able = terminal && variable("TERM") !== "dumb";
  const forced = out === null && Boolean(variable("FORCE_COLOR"));
  return {
    width: columnsOf(columns, { terminal }),
    unicode: !ascii && (unicode || (able && readsUnicode())),
    color: !ascii && !host.noColor && (able || forced),
  };
}

/**
 * Returns true if the terminal shows Unicode: not if its locale says otherwise, or on a Linux
 * console.
 */
function readsUnicode(): boolean {
  const locale = variable("LC_ALL") || variable("LC_CTYPE") || variable("LANG");
  return variable("TERM") !== "linux" && (!locale || /utf-?8/i.test(locale));
}

/** Returns an environment variable without prompting: an unreadable one counts as unset. */
function variable(name: string): string | undefined {
  const { state } = host.permissions.querySync({ name: "env", variable: name });
  return state === "granted" ? host.env.get(name) : undefined;
}

/** Default of `--format` in the help. */
export const BY_EXTENSION = "what the name of --out ends in, else text";

/**
 * Returns the format of a result: the one requested, otherwise the only one with the extension of
 * `--out`, otherwise text.
 *
 * @param asked The value of `--format`.
 * @param out The file that it is written to.
 * @param among The formats of the result.
 */
export function formatOf<Name extends FormatName>(
  asked: Name | null,
  out: string | null,
  among: readonly Name[],
): Name | "text" {
  if (asked !== null || out === null) return asked ?? "text";
  const fitting = among.filter((name) => out.toLowerCase().endsWith(`.${FORMATS[name].extension}`));
  return fitting.length === 1 ? fitting[0] : "text";
}

/**
 * Returns the format of a study: the one requested, otherwise the page or image that `--out` is named
 * like, otherwise text. Other names do not choose, since `--out` then names the study itself.
 */
export function studyFormatOf(
  { format, out }: { format: FormatName | null; out: string | null },
  results: readonly ("study" | "growth")[],
): FormatName {
  const pages = results.flatMap(formatsOf).filter((name) => FORMATS[name].isPage);
  return formatOf(format, out, [...new Set(pages)]);
}

/**
 * Rejects a flag that none of the chosen formats reads. A flag with its default value counts as not
 * given.
 *
 * @param chosen The formats that it will be written in.
 */
export function requireRead(
  known: FlagSet,
  values: Readonly<Record<string, unknown>> & { format: FormatName | null; out?: string | null },
  result: Result,
  chosen: readonly FormatName[],
): void {
  for (const [key, flag] of Object.entries(known)) {
    if (values[key] === flag.default) continue;
    const readers = formatsOf(result).filter((name) => readsFlag(name, key));
    if (readers.length === 0 || chosen.some((name) => readers.includes(name))) continue;
    throw new UsageError(
      refusal`--${flagName(key)} is given with ${choiceOf(values, chosen)}, expected ${
        anyOf(readers)
      }`,
    );
  }
}

function readsFlag(name: FormatName, key: string): boolean {
  return FORMATS[name].reads.includes(key as ShowFlag);
}

/** Returns the part of a command line that chose the formats. */
function choiceOf(
  { format, out }: { format: FormatName | null; out?: string | null },
  chosen: readonly FormatName[],
): string {
  if (format !== null) return `--format ${format}`;
  if (out) return `--out ${oneLine(out)}, whose format is ${chosen[0]}`;
  return chosen.map((name) => `--reporter ${name}`).join(" and ");
}
