import type { Verdict } from "../diagnosis/verdict.ts";
import type { TextStyle } from "./paint.ts";

/** Ways of showing a verdict. */
interface VerdictLook {
  /** Style of its text, and class of its colour in pages and pictures. */
  style: TextStyle;
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
    style: "error",
    mark: "x",
    emoji: "🔴",
    state: { one: "is sick", several: "are sick" },
    decidedBy: "error",
  },
  changed: {
    style: "changed",
    mark: "x",
    emoji: "🟣",
    state: { one: "has changed", several: "have changed" },
    decidedBy: "error",
  },
  weak: {
    style: "warning",
    mark: "!",
    emoji: "🟡",
    state: { one: "is weak", several: "are weak" },
    decidedBy: "warning",
  },
  healthy: {
    style: "healthy",
    mark: "ok",
    emoji: "🟢",
    state: { one: "is healthy", several: "are healthy" },
    decidedBy: null,
  },
};
