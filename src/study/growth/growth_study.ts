import { sizesShape } from "../../ground/theory/sibling_slopes.ts";
import { InputError } from "../../ground/words/input_error.ts";
import { requireValue } from "../../ground/words/shape.ts";
import type { StudyGrid } from "../study_grid.ts";
import type { LayerScaling, TrainingPlan } from "./growth_types.ts";

/** Number of steps after which the layers are compared: those at which the slopes are published. */
const STEPS = 5;

/** Number of steps after which the losses of several rates are compared. */
const RATE_STEPS = 20;

/** Factors of the learning rate that are compared. */
const RATES: readonly number[] = [1 / 16, 1 / 4, 1, 4, 16];

/** Sizes of the siblings. */
export interface GrowthGrid {
  /** Widths, two or more, or one. Default: the model's own. */
  widths?: readonly number[];
  /** Depths, two or more, or one. Default: the model's own. */
  depths?: readonly number[];
  /** Draws: their number, or the seeds themselves. Default: 3. */
  seeds?: number | readonly number[];
  /** True to find the best rate at each size instead of the slopes of the layers. Default: false. */
  rates?: boolean;
}

/**
 * Returns the grid and the training of a study of growth.
 *
 * @param scalings Changes to try. Default: none.
 */
export function growthStudy(
  grid: GrowthGrid,
  scalings: readonly LayerScaling[] = [],
): { grid: StudyGrid; training: TrainingPlan } {
  const { widths, depths, seeds = 3, rates = false } = grid;
  for (const [name, sizes] of Object.entries({ widths, depths })) {
    if (sizes !== undefined) requireValue(name, sizes, sizesShape);
  }
  if ((widths?.length ?? 0) < 2 && (depths?.length ?? 0) < 2) {
    throw new InputError({
      place: "The siblings",
      verb: "have",
      found: "one size",
      expected: "two widths or two depths, or more",
    });
  }
  const ascending = (sizes?: readonly number[]) => sizes?.toSorted((a, b) => a - b);
  return {
    grid: {
      scales: [1],
      seeds,
      widths: ascending(widths),
      depths: ascending(depths),
      ...rates ? { rates: RATES } : {},
    },
    training: rates
      ? { steps: RATE_STEPS, keeps: "loss", scalings }
      : { steps: STEPS, keeps: "layers", scalings },
  };
}
