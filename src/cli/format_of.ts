import { type FormatName, FORMATS } from "./formats.ts";

/** What the help says of `--format` where it is not given. */
export const BY_EXTENSION = "what the name of --out ends in, else text";

/**
 * The format of a result: the one that was asked for, else the only one whose files end as `--out` does, else text.
 *
 * @param asked What `--format` says.
 * @param out The file that it is written to.
 * @param among Those that the result can be written in.
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
