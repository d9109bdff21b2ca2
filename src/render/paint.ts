import {
  blue,
  bold,
  cyan,
  dim,
  getColorEnabled,
  green,
  magenta,
  red,
  setColorEnabled,
  yellow,
} from "@std/fmt/colors";

const styles = {
  strong: bold,
  faint: dim,
  healthy: green,
  error: red,
  warning: yellow,
  changed: magenta,
  tiny: blue,
  small: cyan,
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
  const before = getColorEnabled();
  setColorEnabled(true);
  try {
    return styles[style](text);
  } finally {
    setColorEnabled(before);
  }
}
