import { bold, dim, getColorEnabled, green, red, setColorEnabled, yellow } from "@std/fmt/colors";

const styles = { strong: bold, faint: dim, healthy: green, error: red, warning: yellow };

/** What a text is, from which follows how it looks. */
export type TextStyle = keyof typeof styles;

/**
 * Colours a text when `color` says so, and only then: @std/fmt/colors has a switch of its own for
 * the whole process, but whether to colour is the caller's decision. Under NO_COLOR nothing is
 * coloured, whatever the caller says.
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
