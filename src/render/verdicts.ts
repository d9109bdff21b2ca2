import type { Verdict } from "../diagnosis/verdict.ts";

/** Colours of what deserves attention: severities and verdicts. */
export type Tone = "error" | "changed" | "warning" | "healthy";

/**
 * Colour of each tone: on light and dark paper in pages and images, where text of it has a contrast
 * of at least 4.5, and in a terminal.
 */
export const TONES = {
  error: { light: "#b3261e", dark: "#ff8f85", terminal: "red" },
  changed: { light: "#6b3fa0", dark: "#c9a7f0", terminal: "magenta" },
  warning: { light: "#8a4b00", dark: "#f0b352", terminal: "yellow" },
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
  healthy: {
    tone: "healthy",
    mark: "ok",
    emoji: "🟢",
    state: { one: "is healthy", several: "are healthy" },
    decidedBy: null,
  },
};
