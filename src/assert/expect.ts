/**
 * Matchers for `expect(measurements)` of `@std/expect`. No other entry point imports this one, and it
 * imports nothing from `@std/expect`.
 *
 * @module
 */
export * from "./health_expected.ts";
export * from "./health_matchers.ts";
export * from "./matcher.ts";
export type * from "../measure/measurements.ts";
export type { TensorStatistics } from "../measure/measurements.ts";
