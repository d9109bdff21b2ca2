import { formatCount, formatNumber } from "../../ground/words/numbers.ts";
import { oneLine } from "../../ground/words/failure.ts";
import { list, requireValue } from "../../ground/words/shape.ts";
import { causeOf, type TrainingFinding } from "../judge_training.ts";
import { type TrainingStep, trainingStepShape } from "../training_step.ts";

/** Returns the line of a finding: `step 61, error rate-too-high: ...`. */
function findingLine(finding: TrainingFinding): string {
  const { step, severity, rule, message, recoveredAt } = finding;
  const back = recoveredAt === undefined ? "" : ` The loss was back by step ${recoveredAt}.`;
  return oneLine(`step ${step}, ${severity} ${rule}: ${message}${back}`);
}

/**
 * Renders the findings about a training as text: the cause with its fix, then the others, one line
 * each.
 *
 * @param rows Rows of the training; at least one.
 * @param findings The result of `judgeTraining()`.
 * @returns The text, with a line feed at its end.
 *
 * @example The findings about a log
 * ```ts
 * import {
 *   judgeTraining,
 *   readTrainingLog,
 *   renderTraining,
 * } from "@gradient-health/gradient-health/training";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const rows = readTrainingLog("step,loss\n1,2.3\n2,nan\n");
 * assertStringIncludes(renderTraining(rows, judgeTraining(rows)), "step 2, error not-finite");
 * ```
 */
export function renderTraining(
  rows: readonly TrainingStep[],
  findings: readonly TrainingFinding[],
): string {
  requireValue("rows", rows, list(trainingStepShape, { least: 1, expected: "one row or more" }));
  const losses = rows.flatMap(({ loss }) => loss ?? []);
  const cause = causeOf(findings);
  const others = findings.filter((finding) => finding !== cause);
  return [
    `${formatCount(losses.length, "step")}, loss ${formatNumber(losses[0])} to ${
      formatNumber(losses[losses.length - 1])
    }`,
    ...cause === null ? ["No problems found."] : [
      findingLine(cause),
      oneLine(`Fix: ${cause.fix}`),
      ...others.length > 0 ? ["Also:", ...others.map((other) => `- ${findingLine(other)}`)] : [],
    ],
    "",
  ].join("\n");
}
