import { list, positive, type Shape } from "../words/shape.ts";

/**
 * Largest |slope| that is flat. The steepest slope of right networks was 0.18, that of wrong ones
 * 0.76.
 */
export const FLAT_SLOPE = 0.25;

/** Largest |slope| that only warns. */
export const STEEP_SLOPE = 0.5;

/** Shape of the sizes of siblings along an axis. */
export const sizesShape: Shape<number[]> = list(positive, {
  expected: "every size once, and one or more",
  least: 1,
  unique: true,
});
