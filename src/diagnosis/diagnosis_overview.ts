import type { Finding } from "../checks/finding.ts";
import type { Measurements } from "../measure/measurements.ts";
import { formatCount } from "../words/numbers.ts";
import { type Overview, withOverview } from "../words/overview.ts";
import { describeCure } from "./cure_words.ts";
import type { Diagnosis } from "./diagnosis.ts";

/** Contents of a report. */
interface Diagnosed {
  measurements: Measurements;
  findings: readonly Finding[];
  diagnosis: Diagnosis;
}

/** Makes a diagnosis print and display itself: one line per cause. */
export function shownDiagnosis({ diagnosis, ...rest }: Diagnosed): Diagnosis {
  const given = () => ({ ...rest, diagnosis });
  const overview = () => diagnosisOverview({ ...rest, diagnosis });
  return withOverview(diagnosis, overview, { of: "report", given });
}

/** Returns the overview of a diagnosis: its causes, and a fix for each. */
export function diagnosisOverview({ diagnosis, measurements: { layers } }: Diagnosed): Overview {
  const { verdict, causes, notJudged = [] } = diagnosis;
  const errors = causes.filter(({ severity }) => severity === "error").length;
  const warnings = causes.length - errors;
  const counts = [
    ...errors > 0 ? [formatCount(errors, "cause")] : [],
    ...warnings > 0 ? [formatCount(warnings, "warning")] : [],
    ...notJudged.map((setting) => `${setting} not judged`),
  ];
  return {
    title: [verdict.toUpperCase(), ...counts.length > 0 ? [counts.join(", ")] : []].join(": "),
    columns: ["severity", "cause", "what is wrong, and what to do"],
    rows: causes.flatMap(({ severity, kind, message, cures }) => [
      [severity, kind, message],
      ...cures.slice(0, 1).map((cure) => ["", "", `Fix: ${describeCure(cure, layers)}`]),
    ]),
  };
}
