/**
 * Default time limit of a trial, in seconds. A separate module, so that help need not load the
 * trial.
 */
export const TRIAL_BUDGET = 10;
