import { type Finding, shownFindings } from "../rules/finding.ts";
import { shownMeasurements } from "../measure/measure.ts";
import { formatCount } from "../words/numbers.ts";
import { type Overview, withOverview } from "../words/overview.ts";
import type { HealthRecord } from "./health_record.ts";

/** Returns an empty history that prints and displays itself, one line per record. */
export function shownHistory(): HealthRecord[] {
  const history: HealthRecord[] = [];
  const given = () => ({
    title: `J (${history.at(-1)?.measurements.objective.name ?? "no record"})`,
    bars: history.map(({ step, measurements }) => ({
      label: `step ${step}`,
      value: measurements.objective.value,
    })),
  });
  return withOverview(history, historyOverview, { of: "values", given });
}

/** Makes the contents of a record print and display themselves. */
export function shownRecord(record: HealthRecord): HealthRecord {
  shownMeasurements(record.measurements);
  shownFindings(record.findings, record.measurements);
  return record;
}

function historyOverview(history: readonly HealthRecord[]): Overview {
  const steps = history.map(({ step }) => step);
  const range = steps.length < 2 ? "" : `, step ${steps[0]} to ${steps.at(-1)}`;
  const count = ({ findings }: HealthRecord, which: Finding["severity"]) =>
    String(findings.filter(({ severity }) => severity === which).length);
  return {
    title: `${formatCount(history.length, "record")}${range}`,
    columns: ["step", "epoch", "J", "errors", "warnings", "cause"],
    rows: history.map((record) => [
      String(record.step),
      String(record.epoch),
      record.measurements.objective.value,
      count(record, "error"),
      count(record, "warning"),
      record.cause?.message ?? null,
    ]),
  };
}
