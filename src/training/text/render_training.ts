import { formatCount, formatNumber } from "../../ground/words/numbers.ts";
import { oneLine } from "../../ground/words/failure.ts";
import { list, requireValue } from "../../ground/words/shape.ts";
import { causeOf, type TrainingFinding } from "../judge_training.ts";
import { areEpochs } from "../training_log.ts";
import { type TrainingStep, trainingStepShape } from "../training_step.ts";

/** Returns the line of a finding: `step 61, error rate-too-high: ...`. */
function findingLine(finding: TrainingFinding): string {
  const { step, severity, rule, message, recoveredAt } = finding;
  const back = recoveredAt === undefined ? "" : ` The loss was back by step ${recoveredAt}.`;
  return oneLine(`step ${step}, ${severity} ${rule}: ${message}${back}`);
}

/** Errors come before warnings. */
const RANK = { error: 0, warning: 1 };

/** Numbers of rows that the rules with the longest windows need. */
const NEEDED: readonly [rows: number, about: string][] = [
  [13, "whether anything is learned"],
  [17, "spikes of the loss"],
  [200, "a plateau"],
];

/** Returns what a log with a row every few steps or epochs has too few rows for; `null` if nothing. */
export function notJudged(rows: readonly TrainingStep[]): string | null {
  const known = rows.filter(({ loss }) => typeof loss === "number");
  const steps = (known.at(-1)?.step ?? 0) - (known[0]?.step ?? 0) + 1;
  const isByEpoch = areEpochs(rows);
  // Later steps of such a log may still follow.
  if (!isByEpoch && steps < 2 * known.length) return null;
  const open = NEEDED.filter(([least]) => known.length < least).map(([, about]) => about);
  if (open.length === 0) return null;
  const each = isByEpoch
    ? "one for each epoch"
    : `one in ${Math.round(steps / known.length)} steps`;
  return `${open.join(", ")} (${formatCount(known.length, "row")}, ${each})`;
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
  // The cause of an error may be a copy of a warning, whose sentence the error repeats.
  const others = findings.filter(({ message }) => message !== cause?.message)
    .toSorted((a, b) => RANK[a.severity] - RANK[b.severity]);
  const open = notJudged(rows);
  return [
    `${formatCount(losses.length, "step")}, loss ${formatNumber(losses[0])} to ${
      formatNumber(losses[losses.length - 1])
    }`,
    ...cause === null ? [`No problems found${open === null ? "" : " in what was judged"}.`] : [
      findingLine(cause),
      oneLine(`Fix: ${cause.fix}`),
      ...others.length > 0 ? ["Also:", ...others.map((other) => `- ${findingLine(other)}`)] : [],
    ],
    ...open === null || cause?.severity === "error" ? [] : [`Not judged: ${open}.`],
    "",
  ].join("\n");
}
