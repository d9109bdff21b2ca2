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

/** What stands before a layer about which something was found, coloured or not. */
export const SEVERITY_MARKS = { error: "!", warning: "?" };

/** What a text is, which decides how it looks. */
export type TextStyle = keyof typeof styles;

/**
 * Colours a text if `color` says so: @std/fmt/colors has one switch for the whole process, but whether to
 * colour is the caller's decision. Under NO_COLOR nothing is coloured, even if the caller asks for it.
 */
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
