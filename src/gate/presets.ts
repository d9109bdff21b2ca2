import { BASELINE_RULE } from "../rules/matches_baseline.ts";
import { allRules } from "../rules/register_rule.ts";
import type { Level, PresetName } from "./configuration.ts";
import { gateRules } from "./gate_rules.ts";

interface Preset {
  /** Sentence for `--help`. */
  summary: string;
  /** Returns the level of every rule. */
  levels: () => Record<string, Level>;
  /** Verdict that fails the gate. */
  failOn: "sick" | "weak";
}

/** Returns each rule's own level. */
function ownLevels(): Record<string, Level> {
  return Object.fromEntries(gateRules().map(({ name, level }) => [name, level]));
}

/**
 * Returns the same, but turns off the rules that judge neither the initial weights nor their
 * signals.
 */
function initialLevels(): Record<string, Level> {
  const others = [...allRules(), BASELINE_RULE]
    .filter(({ tags }) => !tags.includes("weights") && !tags.includes("signal"));
  const off = Object.fromEntries(others.map(({ name }): [string, Level] => [name, "off"]));
  return { ...ownLevels(), ...off, trial: "off" };
}

export const PRESETS: Record<PresetName, Preset> = {
  recommended: { summary: "every rule with its defaults", levels: ownLevels, failOn: "sick" },
  strict: { summary: "every rule, and warnings fail too", levels: ownLevels, failOn: "weak" },
  init: {
    summary:
      "only rules about the initial weights and their signals: none about data, targets or a baseline",
    levels: initialLevels,
    failOn: "sick",
  },
};
