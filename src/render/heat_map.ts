import { NO_BREAK } from "./wrap_text.ts";
/** The shades, from the lightest, each with the size below which a figure has it. */
const SHADES: readonly [shade: string, below: number][] = [
  [".", 1e-8],
  [":", 1e-6],
  ["-", 1e-4],
  ["=", 1e-2],
  ["+", 1],
  ["*", 1e2],
  ["#", 1e4],
  ["%", 1e6],
  ["@", Infinity],
];

/** The shade of a size: exact zero is blank, NaN and infinity are `!`, `null` is `?`. */
export function shadeOf(figure: number | null): string {
  if (figure === null) return "?";
  if (!Number.isFinite(figure)) return "!";
  if (figure === 0) return " ";
  return SHADES.find(([, below]) => Math.abs(figure) < below)![0];
}

/** What the shades mean. */
export const SHADES_LEGEND = "Shades: " +
  "blank 0, . below 1e-8, : 1e-6, - 1e-4, = 0.01, + 1, * 100, # 1e4, % 1e6, @ above, ! NaN or infinite."
    // A shade stands beside what it means.
    .replaceAll(/(?<!,) /g, NO_BREAK);
