import { SEVERITIES } from "../checks/finding.ts";
import { diagnose } from "../diagnosis/diagnose.ts";
import type { Cause, Diagnosis } from "../diagnosis/diagnosis.ts";
import { causeName } from "../diagnosis/with_treatment.ts";
import type { Setting } from "../measure/measurements.ts";
import type { GateRun } from "../gate/gate_result.ts";

/** Run that was measured. */
export type MeasuredRun = GateRun & { measurements: NonNullable<GateRun["measurements"]> };

/** Cause in one model, merged over its seeds. */
export interface SeedCause extends Cause {
  /** Seeds under which it was found, in the order of the runs. */
  seeds: number[];
  /** Run whose figures are shown. */
  run: MeasuredRun;
}

/** Verdict on a model over all its runs. */
export interface ModelVerdict {
  /** Name of the model. */
  model: string;
  /** Its file. */
  path: string;
  /** All its runs. */
  runs: GateRun[];
  /** Runs that were measured. */
  measured: MeasuredRun[];
  /** Worst verdict of all seeds; `null` if nothing was measured. */
  verdict: Diagnosis["verdict"] | null;
  /** Settings of the compiled program that were not judged. */
  notJudged: Setting[];
  /** Seeds under which it is sick; if there are none, seeds under which it has changed. */
  failingSeeds: number[];
  /** Causes, most severe first, each once for all seeds. */
  causes: SeedCause[];
  /**
   * Run that represents the others: the first with the worst verdict, or with a cause if all are
   * healthy.
   */
  shown: MeasuredRun | null;
}

/** Verdicts, worst first. */
export const VERDICTS = ["sick", "changed", "healthy"] as const satisfies Diagnosis["verdict"][];

/** Diagnoses a run from the findings that count. */
export function diagnosisOf({ diagnosis, measurements, findings }: MeasuredRun): Diagnosis {
  return diagnosis ?? diagnose(measurements, findings);
}

/** Returns the verdict on each model of a gate, in the order of the runs. */
export function modelVerdicts(runs: readonly GateRun[]): ModelVerdict[] {
  return [...Map.groupBy(runs, ({ model }) => model).values()].map(verdictOf);
}

function verdictOf(runs: GateRun[]): ModelVerdict {
  const measured = runs.filter((run): run is MeasuredRun => run.measurements !== null);
  const diagnosed = measured.map((run) => ({ run, diagnosis: diagnosisOf(run) }));
  const verdict =
    VERDICTS.find((one) => diagnosed.some(({ diagnosis }) => diagnosis.verdict === one)) ?? null;
  const failing = verdict === "healthy"
    ? []
    : diagnosed.filter(({ diagnosis }) => diagnosis.verdict === verdict);
  const shown = failing[0] ?? diagnosed.find(({ diagnosis }) => diagnosis.causes.length > 0) ??
    diagnosed[0];
  const { model, path } = runs[0];
  return {
    ...{ model, path, runs, measured },
    verdict,
    notJudged: shown?.diagnosis.notJudged ?? [],
    failingSeeds: failing.map(({ run }) => run.seed),
    causes: merged([
      ...diagnosed.filter((one) => one === shown),
      ...diagnosed.filter((one) => one !== shown),
    ], measured),
    shown: shown?.run ?? null,
  };
}

/**
 * Merges the causes of several seeds. Causes are the same if they are of one kind and share at
 * least some layers, since the draw decides in how many layers a fault shows.
 */
function merged(
  diagnosed: { run: MeasuredRun; diagnosis: Diagnosis }[],
  order: MeasuredRun[],
): SeedCause[] {
  const all: { cause: SeedCause; runs: Set<MeasuredRun> }[] = [];
  for (const { run, diagnosis } of diagnosed) {
    const open = all.filter(({ runs }) => !runs.has(run));
    for (const cause of diagnosis.causes) {
      const known = open.find((other) =>
        !other.runs.has(run) && causeName(other.cause) === causeName(cause)
      ) ?? open.find((other) => !other.runs.has(run) && overlap(other.cause, cause));
      if (known === undefined) {
        all.push({ cause: { ...cause, seeds: [], run }, runs: new Set([run]) });
        continue;
      }
      known.runs.add(run);
      if (rankOf(cause) < rankOf(known.cause)) known.cause = { ...cause, seeds: [], run };
    }
  }
  return all.map(({ cause, runs }) => ({
    ...cause,
    seeds: order.filter((run) => runs.has(run)).map(({ seed }) => seed),
  })).toSorted((a, b) => rankOf(a) - rankOf(b));
}

const rankOf = ({ severity }: Cause) => SEVERITIES.indexOf(severity);

function overlap(a: Cause, b: Cause): boolean {
  return a.kind === b.kind && a.layers.some((name) => b.layers.includes(name));
}
