import type { CheckOptions } from "../../src/checks/check_options.ts";
import { runChecks } from "../../src/checks/run_checks.ts";
import type { Measurements } from "../../src/measure/measurements.ts";

export const serious = (measurements: Measurements, options?: CheckOptions) =>
  runChecks(measurements, options).filter(({ severity }) => severity !== "note");
