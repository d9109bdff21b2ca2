import { BASELINE_RULE } from "./matches_baseline.ts";
import { MODEL_RULES } from "./model_rules.ts";
import { RULES } from "./rules.ts";
import type { ThresholdEntry } from "./threshold_entry.ts";
import type { Thresholds } from "./thresholds.ts";

/**
 * Every threshold with its default, its unit and its source.
 *
 * @example Read a default
 * ```ts
 * import { THRESHOLDS } from "@gradient-health/gradient-health/rules";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(THRESHOLDS.deadFraction.default, 0.5);
 * ```
 */
export const THRESHOLDS: Readonly<Record<keyof Thresholds, Readonly<ThresholdEntry>>> = Object
  .assign({}, ...[...RULES, ...MODEL_RULES, BASELINE_RULE].map(({ thresholds }) => thresholds));
