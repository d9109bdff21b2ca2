/**
 * Examination: measures a network, judges it, trains it on its batch for some steps, diagnoses and
 * fixes it, and restores it bit by bit.
 *
 * @module
 */
export * from "./apply_cures.ts";
export { type Examination, examine, type ExamineOptions, type TrialMode } from "./examine.ts";
