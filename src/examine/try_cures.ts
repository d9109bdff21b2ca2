import { runChecks } from "../checks/run_checks.ts";
import type { Cure } from "../diagnosis/cure.ts";
import { diagnose } from "../diagnosis/diagnose.ts";
import type { Cause, Diagnosis } from "../diagnosis/diagnosis.ts";
import type { TensorFlow } from "../engine/tensorflow.ts";
import type { Measurements } from "../measure/measurements.ts";
import { applyCure, type Cured, type CureSubject } from "./apply_cure.ts";

/** A cure that was tried on the model at hand, and worked: the cause it was for is gone. */
export interface TriedCure {
  /** The cause. */
  cause: Cause;
  /** What was done about it. */
  cure: Cure;
  /** What is left, with this cure and those before it. */
  left: Diagnosis;
}

/** What came of trying. */
export interface Treatment {
  /** The cures that worked, each on top of those before it. */
  cures: TriedCure[];
  /** What is wrong with them all in place. */
  after: Diagnosis;
  /** What was measured then; as before where no cure worked. */
  measurements: Measurements;
}

/** How a subject is measured. */
export type Measure = (subject: CureSubject) => Promise<Measurements>;

/** So many cures are tried on top of one another: one cause may hide another one, rarely a third. */
const MOST = 4;

/**
 * Tries the cures of a diagnosis on the model itself, one cause after the other, each on top of the cures
 * that worked, and puts everything back.
 *
 * @param tf The engine's TensorFlow.js.
 * @param subject The model that was measured, its batch and its objective.
 * @param before What was measured, and what is wrong.
 * @param measure Measures a subject as it was measured before.
 */
export async function tryCures(
  tf: TensorFlow,
  subject: CureSubject,
  before: { measurements: Measurements; diagnosis: Diagnosis },
  measure: Measure,
): Promise<Treatment> {
  const applied: Cured[] = [];
  const cures: TriedCure[] = [];
  const failed = new Set<string>();
  let now = { subject, ...before };
  try {
    while (cures.length < MOST) {
      const cause = now.diagnosis.causes.find((cause) =>
        cause.severity === "error" && !failed.has(nameOf(cause))
      );
      if (cause === undefined) break;
      let worked = false;
      for (const cure of cause.cures) {
        const cured = applyCure(tf, now.subject, cure);
        if (cured === null) continue;
        applied.push(cured);
        const measurements = await measure(cured.subject);
        const diagnosis = diagnose(measurements, runChecks(measurements));
        worked = isGone(cause, diagnosis) && errorsOf(diagnosis) < errorsOf(now.diagnosis);
        if (worked) {
          now = { subject: cured.subject, measurements, diagnosis };
          cures.push({ cause, cure, left: diagnosis });
          break;
        }
        applied.pop()!.undo();
      }
      if (!worked) failed.add(nameOf(cause));
    }
  } finally {
    for (const cured of applied.reverse()) cured.undo();
  }
  return { cures, after: now.diagnosis, measurements: now.measurements };
}

/** Whether nothing of a cause is left but what another one explains. */
function isGone(cause: Cause, { causes }: Diagnosis): boolean {
  return !causes.some(({ kind, severity, layers }) =>
    severity === "error" && kind === cause.kind &&
    (layers.length === 0 || layers.some((layer) => cause.layers.includes(layer)))
  );
}

function errorsOf({ causes }: Diagnosis): number {
  return causes.flatMap(({ findings }) => findings).filter(({ severity }) => severity === "error")
    .length;
}

function nameOf({ kind, layers }: Cause): string {
  return JSON.stringify([kind, ...layers]);
}
