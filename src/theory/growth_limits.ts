/** Largest |slope| that is flat. Of right networks the steepest was 0.18, of wrong ones 0.76. */
export const FLAT_SLOPE = 0.25;

/** Largest |slope| that only warns. */
export const STEEP_SLOPE = 0.5;
