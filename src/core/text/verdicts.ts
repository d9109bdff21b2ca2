import * as colors from "@std/fmt/colors";
import type { Verdict } from "../diagnosis/diagnosis.ts";

/** Colours of what deserves attention: severities and verdicts. */
export type Tone = "error" | "changed" | "warning" | "unjudged" | "healthy";

/**
 * Colour of each tone: on light and dark paper in pages and images, where text of it has a contrast
 * of at least 4.5, and in a terminal.
 */
export const TONES = {
  error: { light: "#b3261e", dark: "#ff8f85", terminal: "red" },
  changed: { light: "#6b3fa0", dark: "#c9a7f0", terminal: "magenta" },
  warning: { light: "#8a4b00", dark: "#f0b352", terminal: "yellow" },
  unjudged: { light: "#59616b", dark: "#a3abb5", terminal: "gray" },
  healthy: { light: "#1b6b41", dark: "#7ccb9f", terminal: "green" },
} as const satisfies Record<Tone, { light: string; dark: string; terminal: string }>;

/** Ways of showing a verdict. */
interface VerdictLook {
  /** Its colour. */
  tone: Tone;
  /** Mark before a model in lists of text. */
  mark: string;
  /** Mark in Markdown, where text has no colour. */
  emoji: string;
  /** End of a sentence about one model, and about several. */
  state: { one: string; several: string };
  /** Severity of the causes that decided on it. */
  decidedBy: "error" | "warning" | null;
}

/** Look of each verdict everywhere. */
export const VERDICT_LOOKS: Readonly<Record<Verdict, VerdictLook>> = {
  sick: {
    tone: "error",
    mark: "x",
    emoji: "🔴",
    state: { one: "is sick", several: "are sick" },
    decidedBy: "error",
  },
  changed: {
    tone: "changed",
    mark: "x",
    emoji: "🟣",
    state: { one: "has changed", several: "have changed" },
    decidedBy: "error",
  },
  weak: {
    tone: "warning",
    mark: "!",
    emoji: "🟡",
    state: { one: "is weak", several: "are weak" },
    decidedBy: "warning",
  },
  unjudged: {
    tone: "unjudged",
    mark: "-",
    emoji: "⚪",
    state: {
      one: "has no finding, but was not judged in full",
      several: "have no finding, but were not judged in full",
    },
    decidedBy: null,
  },
  healthy: {
    tone: "healthy",
    mark: "ok",
    emoji: "🟢",
    state: { one: "is healthy", several: "are healthy" },
    decidedBy: null,
  },
};

const styles = {
  strong: colors.bold,
  faint: colors.dim,
  healthy: colors[TONES.healthy.terminal],
  error: colors[TONES.error.terminal],
  warning: colors[TONES.warning.terminal],
  changed: colors[TONES.changed.terminal],
  unjudged: colors[TONES.unjudged.terminal],
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
