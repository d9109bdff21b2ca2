import type { Cause, Diagnosis } from "../diagnosis/diagnosis.ts";
import type { Measurements } from "../measure/measurements.ts";
import { compareMeasurements, type Comparison } from "./compare_measurements.ts";

/** A run, and what is wrong in it. */
export interface DiagnosedRun {
  /** What was measured. */
  measurements: Measurements;
  /** What is wrong. */
  diagnosis: Diagnosis;
}

/** What is wrong in two runs, side by side. */
export interface CauseChanges {
  /** Causes of the first run alone. */
  gone: Cause[];
  /** Causes of both, as the second run has them. */
  stayed: Cause[];
  /** Causes of the second run alone. */
  came: Cause[];
}

/** All that differs between two runs. */
export interface Difference {
  /** The first run, and what its user calls it. */
  before: DiagnosedRun & { name: string };
  /** The second. */
  after: DiagnosedRun & { name: string };
  /** Layer by layer. */
  comparison: Comparison;
  /** What is wrong. */
  causes: CauseChanges;
}

/** Holds two runs against each other. */
export function differenceOf(
  before: Difference["before"],
  after: Difference["after"],
): Difference {
  const comparison = compareMeasurements(before.measurements, after.measurements);
  return {
    ...{ before, after, comparison },
    causes: compareCauses(before.diagnosis, after.diagnosis, comparison),
  };
}

/** A cause is the same one if it is of the same kind and in one of the same layers, or in none. */
function compareCauses(
  before: Diagnosis,
  after: Diagnosis,
  { layers }: Comparison,
): CauseChanges {
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
