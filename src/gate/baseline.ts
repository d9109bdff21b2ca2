import type { Measurements } from "../measure/measurements.ts";

/** The figures of one layer that a later run is compared with. What does not apply is left out. */
export interface BaselineLayer {
  /** Standard deviation of a. */
  activations?: number;
  /** Rms of delta. */
  deltas?: number;
  /** Share of saturated entries. */
  saturated?: number;
  /** Share of dead units. */
  dead?: number;
  /** For each weight by name the rms of its values, and that of its gradient where it has one. */
  weights?: Record<string, [values: number] | [values: number, gradients: number]>;
}

/** The figures of one run. */
export interface BaselineRun {
  /** What was differentiated. */
  objective: string;
  /** How many examples the batch had. */
  examples: number;
  /** The layers by name. */
  layers: Record<string, BaselineLayer>;
}

/** What `gradient-health.baseline.json` holds: runs by the name of the model and by the seed. */
export type Baseline = Record<string, Record<string, BaselineRun>>;

/** What a baseline has to compare a run with. */
export interface BaselineEntry {
  /** Name of the model. */
  name: string;
  /** Seed of the run. */
  seed: number;
  /**
   * The stored figures; only those that the rule compares are there, the others are NaN. `null` where
   * the baseline does not know the run.
   */
  figures: Measurements | null;
  /** The model's name in the baseline, if that differs; else `null`. */
  renamed: string | null;
}
