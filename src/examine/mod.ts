/**
 * Examination: a network measured, judged, trained on its batch for some steps, diagnosed and cured, and put
 * back bit by bit.
 *
 * @module
 */
export * from "./apply_cures.ts";
export { type Examination, examine, type ExamineOptions, type TrialMode } from "./examine.ts";
