import type { Measurements } from "../measure/measurements.ts";
import type { CheckOptions } from "./check_options.ts";
import type { Finding } from "./finding.ts";
import { RULES } from "./rules.ts";

/**
 * Runs every rule on the measurements.
 *
 * @param measurements What `measure()` returned.
 * @param options Thresholds other than the default ones, and which layers to judge.
 * @returns All findings: in the order of {@linkcode RULES}, and within a rule of the layers.
 *
 * @example Show what is wrong
 * ```ts ignore
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { runChecks } from "@gradient-health/gradient-health/checks";
 *
 * for (const { severity, message, advice } of runChecks(await measure(model, batch))) {
 *   console.log(`${severity}: ${message} ${advice}`);
 * }
 * ```
 *
 * @throws {TypeError} If the measurements or the options are not what they must be.
 * @throws {RangeError} If a threshold is out of range or a layer filter matches no layer.
 */
export function runChecks(measurements: Measurements, options: CheckOptions = {}): Finding[] {
  return RULES.flatMap(({ check }) => check(measurements, options));
}
