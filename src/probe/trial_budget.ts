/** Seconds that a trial may take if nobody says otherwise. A module of its own, so that help need not load the trial. */
export const TRIAL_BUDGET = 10;
