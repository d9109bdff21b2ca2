/**
 * Examination: measures a network, judges it, trains it on its batch for some steps, diagnoses and
 * fixes it, and restores it bit by bit.
 *
 * @module
 */
export { type AppliedFixes, applyFixes } from "./apply_fixes.ts";
export { type Examination, examine, type ExamineOptions } from "./examine.ts";
export { type TrialMode } from "./try_findings.ts";
