/**
 * Matchers for `expect(measurements)` of `@std/expect`. No other entry point imports this one, and it
 * imports nothing from `@std/expect`.
 *
 * @module
 */
export * from "./health_expected.ts";
export * from "./health_matchers.ts";
export * from "./matcher.ts";
export type { CheckOptions, IgnoredLayer } from "../checks/check_options.ts";
export type { RunChecksOptions } from "../checks/judge_rule.ts";
export type { Thresholds } from "../checks/thresholds.ts";
export type * from "../measure/measurements.ts";
export type * from "../measure/tensor_statistics.ts";
