import { requireValue } from "../words/shape.ts";
import { writeJson } from "../words/write_json.ts";
import { type TrainingStep, trainingStepShape } from "./training_step.ts";

/**
 * Writes the row of a step as a line of JSON, which {@linkcode readTrainingLog} reads. Numbers that
 * are not finite become texts, since JSON has none.
 *
 * @param row The row.
 * @returns The line, with its line feed.
 *
 * @example A row with NaN
 * ```ts
 * import { trainingLine } from "@gradient-health/gradient-health/training";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(trainingLine({ step: 1, loss: NaN }), '{"step":1,"loss":"NaN"}\n');
 * ```
 */
export function trainingLine(row: TrainingStep): string {
  requireValue("row", row, trainingStepShape);
  return logLine(row);
}

/** The same for a row of the monitor, which need not be validated at every step. */
export function logLine(row: TrainingStep): string {
  const spell = (_key: string, value: unknown) =>
    typeof value === "number" && !Number.isFinite(value) ? String(value) : value;
  return `${writeJson(row, spell)}\n`;
}
