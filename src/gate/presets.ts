import type { Level, PresetName } from "./configuration.ts";
import { GATE_RULES } from "./gate_rules.ts";

/** What a preset sets. */
export interface Preset {
  /** One sentence for `--help`. */
  summary: string;
  /** The level of every rule. */
  levels: Record<string, Level>;
  /** How many warnings pass; `null`: any number. */
  maxWarnings: number | null;
}

/** Rules that judge the data, the task or the past rather than the weights that were drawn. */
const NOT_OF_THE_INITIALISATION = ["input-normalized", "initial-loss", "output-head", "baseline"];

const levels: Record<string, Level> = Object.fromEntries(
  GATE_RULES.map(({ name, level }) => [name, level]),
);

/** The presets by name. */
export const PRESETS: Record<PresetName, Preset> = {
  recommended: { summary: "every rule with its defaults", levels, maxWarnings: null },
  strict: { summary: "every rule, and no warning passes", levels, maxWarnings: 0 },
  init: {
    summary: "only what the drawn weights decide: nothing about data, targets or a baseline",
    levels: {
      ...levels,
      ...Object.fromEntries(NOT_OF_THE_INITIALISATION.map((name) => [name, "off" as const])),
    },
    maxWarnings: null,
  },
};
