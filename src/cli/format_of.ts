import { type FormatName, FORMATS } from "./formats.ts";

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
