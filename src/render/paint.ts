import * as colors from "@std/fmt/colors";
import { TONES } from "./verdicts.ts";

const styles = {
  strong: colors.bold,
  faint: colors.dim,
  healthy: colors[TONES.healthy.terminal],
  error: colors[TONES.error.terminal],
  warning: colors[TONES.warning.terminal],
  changed: colors[TONES.changed.terminal],
  tiny: colors.blue,
  small: colors.cyan,
};

/** Marks before a layer with findings. */
export const SEVERITY_MARKS = { error: "!", warning: "?" };

/** Kind of text, which decides its style. */
export type TextStyle = keyof typeof styles;

/**
 * Colours a text if `color` is true: the switch in @std/fmt/colors is process-wide, but the caller
 * decides here. With NO_COLOR set, nothing is coloured, even on request.
 */
// deno-lint-ignore plain-code/options-object -- `paint(title, "strong", color)` reads well.
export function paint(text: string, style: TextStyle, color: boolean): string {
  if (!color || text === "") return text;
  const before = colors.getColorEnabled();
  colors.setColorEnabled(true);
  try {
    return styles[style](text);
  } finally {
    colors.setColorEnabled(before);
  }
}
