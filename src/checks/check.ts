import type { Measurements } from "../measure/measurements.ts";
import type { Finding } from "./finding.ts";

/**
 * A check is a pure rule: measurements and thresholds in, findings out, in the order of the layers.
 *
 * @typeParam Thresholds The thresholds that the rule knows; each has a default.
 */
export type Check<Thresholds> = (
  measurements: Measurements,
  thresholds?: Partial<Thresholds>,
) => Finding[];
