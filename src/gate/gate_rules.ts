import { RULES } from "../checks/rules.ts";
import type { Thresholds } from "../checks/thresholds.ts";
import type { Level } from "./configuration.ts";

/** What a gate knows of a rule before it has measured anything. */
export interface GateRule {
  /** Its name in configurations, findings and suppressions. */
  name: string;
  /** What it demands, in one sentence. */
  summary: string;
  /** What to do about what it finds. */
  fix: string;
  /** The thresholds it reads. */
  thresholds: readonly (keyof Thresholds)[];
  /** Its level under the preset `recommended`. */
  level: Level;
}

/** Every rule that can be configured: those of the checks, and those that only a gate can tell. */
export const GATE_RULES: readonly GateRule[] = [
  ...RULES.map(({ name, summary, fix, thresholds }) => ({
    name,
    summary,
    fix,
    thresholds,
    level: "error" as const,
  })),
  {
    name: "baseline",
    summary: "No layer's figure has moved by more than a factor from the stored one.",
    fix: "If the change is meant, store the new figures: check --update-baseline.",
    thresholds: ["baselineFactor", "baselineShare"],
    level: "error",
  },
  {
    name: "unused-suppression",
    summary: "Every suppression matches a finding.",
    fix: "Take the suppression out of the configuration.",
    thresholds: [],
    level: "warn",
  },
  {
    name: "expired-suppression",
    summary: "No suppression is past its date.",
    fix: "Mend what it suppressed, or set a later date.",
    thresholds: [],
    level: "warn",
  },
];
