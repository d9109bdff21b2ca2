import type { Cause, Diagnosis } from "../diagnosis/diagnosis.ts";
import type { Measurements } from "../measure/measurements.ts";
import { compareMeasurements, type Comparison } from "./compare_measurements.ts";
import type { WeightChanges } from "./weight_changes.ts";

export interface DiagnosedRun {
  measurements: Measurements;
  /** Diagnosis of the run. */
  diagnosis: Diagnosis;
}

/** Causes of two runs, side by side. */
export interface CauseChanges {
  /** Causes that only the first run has. */
  gone: Cause[];
  /** Causes that both runs have, as reported for the second. */
  stayed: Cause[];
  /** Causes that only the second run has. */
  came: Cause[];
}

/** All differences between two runs. */
export interface Difference {
  /** First run, with the name that its user gave it. */
  before: DiagnosedRun & { name: string };
  /** Second run. */
  after: DiagnosedRun & { name: string };
  /** Comparison layer by layer. */
  comparison: Comparison;
  causes: CauseChanges;
  /** Changes of the weights, of two files of weights. */
  weights?: WeightChanges;
}

/**
 * Compares two runs.
 *
 * @param weights Changes of their weights, if both are files of weights.
 */
export function differenceOf(
  before: Difference["before"],
  after: Difference["after"],
  weights: WeightChanges | null = null,
): Difference {
  const comparison = compareMeasurements(before.measurements, after.measurements);
  return {
    before,
    after,
    comparison,
    causes: compareCauses(before.diagnosis, after.diagnosis, comparison),
    ...weights === null ? {} : { weights },
  };
}

/**
 * Compares causes. Two causes are the same if they have the same kind and share a layer, or both
 * have none.
 */
function compareCauses(before: Diagnosis, after: Diagnosis, { layers }: Comparison): CauseChanges {
  const names = new Map(layers.map(({ before, after }) => [before, after]));
  const isSame = (one: Cause, other: Cause) =>
    one.kind === other.kind &&
    (one.layers.length + other.layers.length === 0 ||
      one.layers.some((name) => other.layers.includes(names.get(name) ?? "")));
  return {
    gone: before.causes.filter((one) => !after.causes.some((other) => isSame(one, other))),
    stayed: after.causes.filter((other) => before.causes.some((one) => isSame(one, other))),
    came: after.causes.filter((other) => !before.causes.some((one) => isSame(one, other))),
  };
}
