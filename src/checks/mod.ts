/**
 * Checks: pure rules from measurements to findings.
 *
 * @module
 */
export * from "./check.ts";
export * from "./finding.ts";
