import type { Measurements } from "../measure/measurements.ts";

/** Figures of one layer, for comparison with a later run. Inapplicable ones are absent. */
export interface BaselineLayer {
  /** Standard deviation of a. */
  activations?: number;
  /** Root mean square of delta. */
  deltas?: number;
  /** Share of saturated entries. */
  saturated?: number;
  /** Share of dead units. */
  dead?: number;
  /** For each weight by name, the rms of its values and, if it has one, of its gradient. */
  weights?: Record<string, [values: number] | [values: number, gradients: number]>;
}

/** Figures of one run. */
export interface BaselineRun {
  /** Name of the objective. */
  objective: string;
  /** Number of examples in the batch. */
  examples: number;
  /** Layers by name. */
  layers: Record<string, BaselineLayer>;
}

/** Contents of `gradient-health.baseline.json`: runs by the name of the model and by the seed. */
export type Baseline = Record<string, Record<string, BaselineRun>>;

/** Stored figures with which a run is compared. */
export interface BaselineEntry {
  /** Name of the model. */
  name: string;
  /** Seed of the run. */
  seed: number;
  /**
   * The stored figures; only the ones that the rule compares are there, the others are NaN. `null`
   * if the baseline does not have the run.
   */
  figures: Measurements | null;
  /** Name of the model in the baseline, if that differs; else `null`. */
  renamed: string | null;
}
