import { formatNumber, formatWhole, roundTo } from "../../ground/words/numbers.ts";
import { magnitudeKey } from "../../pages/color_steps.ts";
import { stepAxis } from "../../pages/column_axis.ts";
import { CHART, drawHeatMap, keyItem, VALUE_MARKS } from "../../pages/draw_heat_map.ts";
import { type Curve, drawStepMarks, drawSteps, type StepMark } from "../../pages/draw_steps.ts";
import { stripsKey, type StripVerdict } from "../../pages/draw_strips.ts";
import {
  errorsOf,
  type FoundCause,
  gravestOf,
  type HistoryMap,
  historyMaps,
  type HistoryRecord,
  largestOf,
} from "./history_view.ts";
import { overfitting } from "../rules/learning.ts";
import type { TrainingStep } from "../training_step.ts";
import { type Markup, markup, shortTitle } from "../../pages/markup.ts";

/** Charts of a training. */
interface TrainingCharts {
  /** The objective and the verdict over the steps. */
  lead: Markup;
  /** Other figures over the steps; `null` if none was measured twice. */
  lines: Markup | null;
  /** Heat maps of layers by steps with their tables; likewise. */
  maps: Markup | null;
}

/** Shows the charts of a training, from its measurements and from the signals of every step. */
export function showTraining(
  records: readonly HistoryRecord[],
  steps: readonly TrainingStep[],
  found: FoundCause | null,
): TrainingCharts {
  const marks = marksOf(found);
  const verdicts = records.map((record) => verdictAt(record, found));
  const lines = linesOf(records, steps).filter(({ points }) =>
    isDrawn(points.map(({ value }) => value))
  );
  const maps = historyMaps(records).filter(({ rows }) =>
    isDrawn(records.map((_, i) => rows.find(({ cells }) => isKnown(cells[i]))?.cells[i] ?? null))
  );
  return {
    lead: markup`${showLosses(records, { steps, found })}${keyOf(records, steps, found)}${
      stripsKey([{ name: "", verdicts }])
    }`,
    lines: lines.length === 0
      ? null
      : markup`<div class="wide">${
        lines.map(({ title, about, points }) =>
          markup`<figure><figcaption><b>${title}</b> <span class="soft">${about}</span></figcaption>${
            drawSteps({ ...alignedCurves([{ name: "", tone: null, points }]), across, marks })
          }</figure>`
        )
      }</div>`,
    maps: maps.length === 0 ? null : showMaps(maps, records, marks),
  };
}

const across = "steps";

/** Explains the marks over the losses. */
function keyOf(
  records: readonly HistoryRecord[],
  steps: readonly TrainingStep[],
  found: FoundCause | null,
): Markup | null {
  const values = [
    ...records.map(({ measurements }) => measurements.objective.value),
    ...steps.map(({ loss }) => loss ?? 0),
  ];
  const isBroken = !values.every(Number.isFinite);
  if (found === null && !isBroken) return null;
  return markup`<ul class="key">${
    found === null ? null : keyItem({
      sample: markup`<path class="found ${toneOf(found)}-line" d="M12 0V14"/>`,
      words: `the cause is found, at step ${formatWhole(found.step)}`,
    })
  }${
    isBroken
      ? keyItem({ sample: markup`<path class="broken" d="M8 3l8 8m0-8l-8 8"/>`, words: BROKEN })
      : null
  }</ul>`;
}

const BROKEN = "NaN or infinite";

/** Value at a step. */
interface Point {
  step: number;
  value: number | null;
}

/** Figure of a training over its steps. */
interface Line {
  title: string;
  about: string;
  points: Point[];
}

function pointsOf<S extends { step: number }>(
  steps: readonly S[],
  of: (one: S) => number | null | undefined,
): Point[] {
  return steps.map((one) => ({ step: one.step, value: of(one) ?? null }));
}

/** Training that is drawn: the signals of its steps, and its cause. */
interface Losses {
  steps: readonly TrainingStep[];
  found: FoundCause | null;
}

function showLosses(records: readonly HistoryRecord[], losses: Losses): Markup {
  const isAlone = !isDrawn(losses.steps.map(({ loss }) => loss ?? null));
  return markup`<figcaption><b>loss</b> <span class="soft">${
    isAlone ? "on the held-out batch" : "on the held-out batch, and on those of the training"
  }</span></figcaption>${drawLosses(records, losses)}`;
}

/**
 * Draws the loss on the held-out batch and, if it is known, on the batches of the training, over the
 * verdict from each measurement on. Where both losses are equal, that of the training is on top.
 */
export function drawLosses(records: readonly HistoryRecord[], { steps, found }: Losses): Markup {
  const heldOut = pointsOf(records, ({ measurements }) => measurements.objective.value);
  const trained = pointsOf(steps, ({ loss }) => loss);
  const isAlone = !isDrawn(trained.map(({ value }) => value));
  return drawSteps({
    ...alignedCurves([
      { name: isAlone ? "" : "held out", tone: isAlone ? null : "other", points: heldOut },
      ...isAlone ? [] : [{ name: "training", tone: null, points: trained }],
    ]),
    across,
    marks: marksOf(found),
    // The question is what the held-out loss does: on an axis of powers of ten it hardly moves.
    judged: heldOut.map(({ value }) => value),
    point: found?.cause.kind === overfitting.name ? lowest(heldOut) : null,
    strip: {
      name: "verdict",
      steps: records.map(({ step }) => step),
      verdicts: records.map((record) => verdictAt(record, found)),
    },
  });
}

function marksOf(found: FoundCause | null): StepMark[] {
  return found === null
    ? []
    : [{ step: found.step, tone: toneOf(found), words: "the cause is found" }];
}

/** Returns the smallest value, from which on a network overfits. */
function lowest(points: readonly Point[]): { step: number; value: number; words: string } | null {
  return points.flatMap(({ step, value }) =>
    value !== null && Number.isFinite(value)
      ? [{ step, value, words: `least: ${formatNumber(value)} at step ${formatWhole(step)}` }]
      : []
  ).toSorted((a, b) => a.value - b.value)[0] ?? null;
}

/** Returns curves that were measured at different steps on the steps of all of them. */
function alignedCurves(
  curves: readonly { name: string; tone: Curve["tone"]; points: readonly Point[] }[],
): { steps: number[]; curves: Curve[] } {
  const steps = [...new Set(curves.flatMap(({ points }) => points.map(({ step }) => step)))]
    .sort((a, b) => a - b);
  return {
    steps,
    curves: curves.map(({ name, tone, points }) => {
      const known = new Map(points.map(({ step, value }) => [step, value]));
      return { name, tone, values: steps.map((step) => known.get(step) ?? null) };
    }),
  };
}

/** Returns the other figures, from every step if the signals of the steps are known. */
function linesOf(records: readonly HistoryRecord[], steps: readonly TrainingStep[]): Line[] {
  const line = (title: string, about: string, figure: "growth" | "updateRatio"): Line => {
    const each = pointsOf(steps, ({ [figure]: value }) => value);
    const largest = largestOf(records, figure);
    return {
      title,
      about,
      points: isDrawn(each.map(({ value }) => value))
        ? each
        : records.map(({ step }, i) => ({ step, value: largest[i] })),
    };
  };
  return [
    line("largest growth", "of any kernel since before training", "growth"),
    line("largest update ratio", "of any kernel at a step", "updateRatio"),
  ];
}

const isKnown = (value: number | null) => value !== null && Number.isFinite(value);

/** Returns true if there is more to draw than a single value, which the table has. */
const isDrawn = (values: readonly (number | null)[]) => values.filter(isKnown).length > 1;

/**
 * Returns the verdict on a record. If the training has a cause, nothing is called healthy, the
 * cause counts from its beginning rather than its discovery, and earlier findings have their own
 * label.
 */
function verdictAt(record: HistoryRecord, found: FoundCause | null): StripVerdict {
  const gravest = gravestOf(record)[0];
  const severity = holds(record, found) ? toneOf(found!) : gravest?.severity;
  if (severity === undefined) {
    return found === null
      ? { paint: "well", words: "healthy" }
      : { paint: "else", words: "nothing found" };
  }
  const verdict = severity === "error"
    ? { paint: "alert", words: "sick" }
    : { paint: "warn", words: "weak" };
  if (found === null || holds(record, found)) return verdict;
  const { paint, words } = verdict;
  return { paint: `${paint}-other`, words: `${words}: ${gravest.rule}` };
}

/** Returns true if the cause holds at a record: one since the first step holds from the start. */
function holds({ step }: HistoryRecord, found: FoundCause | null): boolean {
  if (found === null || step > (found.until ?? Infinity)) return false;
  const { since = found.step } = found.cause;
  return step >= Math.min(since, found.step) || since <= 1;
}

/** Returns the colour of a cause. */
export function toneOf({ cause: { severity } }: FoundCause): "error" | "warning" {
  return severity === "error" ? "error" : "warning";
}

function showMaps(
  maps: readonly HistoryMap[],
  records: readonly HistoryRecord[],
  marks: readonly StepMark[],
): Markup {
  const axis = stepAxis(records.map(({ step }) => step), CHART);
  const cells = maps.flatMap(({ rows }) => rows.flatMap(({ cells }) => cells));
  const isOdd = cells.some((cell) => cell !== null && (cell === 0 || !Number.isFinite(cell)));
  return markup`${
    isOdd ? markup`<ul class="key">${VALUE_MARKS.map(keyItem)}</ul>` : null
  }<div class="wide">${
    maps.map((map) =>
      markup`<figure class="heat"><figcaption><b>${map.title}</b> <span class="soft">${map.about}</span></figcaption>${
        drawHeatMap(
          { ...map, axis, across },
          (top, bottom) => drawStepMarks(marks, axis, top, bottom),
        )
      }${magnitudeKey(map.magnitude)}</figure>`
    )
  }</div>
  <div class="tables">${maps.map((map) => tableOfMap(map, records))}</div>`;
}

const figure = (value: number | null) => value === null ? "" : formatNumber(roundTo(2, value));

function tableOfMap({ title, rows }: HistoryMap, records: readonly HistoryRecord[]): Markup {
  return markup`<details><summary>Table: ${title}</summary><div class="scroll tall" tabindex="0" role="group" aria-label="${title}"><table><thead><tr>
  <th scope="col">step${
    rows.map(({ name }) => markup`<th scope="col"><bdi>${shortTitle(name)}</bdi>`)
  }</tr></thead><tbody>${
    records.map(({ step }, i) =>
      markup`<tr><th scope="row">${formatWhole(step)}${
        rows.map(({ cells }) => markup`<td>${figure(cells[i])}`)
      }
      `
    )
  }</tbody></table></div></details>`;
}

/** Shows measurements and findings, a row for each record. */
export function tableOfSteps(
  records: readonly HistoryRecord[],
  found: HistoryRecord | null,
): Markup {
  const growth = largestOf(records, "growth");
  const updates = largestOf(records, "updateRatio");
  // A loop need not have epochs.
  const hasEpochs = records.some(({ epoch }) => epoch > 0);
  return markup`<div class="scroll tall" tabindex="0" role="group" aria-label="Step by step"><table><thead><tr>
  <th scope="col">step${
    hasEpochs ? markup`<th scope="col">epoch` : null
  }<th scope="col">held-out loss<th scope="col">largest growth<th scope="col">largest update ratio<th scope="col">errors<th scope="col">warnings<th scope="col" class="word">cause</tr></thead><tbody>${
    records.map((record, i) => {
      const { step, epoch, measurements, findings, cause } = record;
      const warnings = findings.filter(({ severity }) => severity === "warning").length;
      return markup`<tr><th scope="row">${formatWhole(step)}${
        hasEpochs ? markup`<td>${epoch}` : null
      }<td>${formatNumber(measurements.objective.value)}<td>${figure(growth[i])}<td>${
        figure(updates[i])
      }<td>${errorsOf(record).length}<td>${warnings}<td class="word">${
        cause === null
          ? null
          : markup`<span class="${cause.severity}">${causeWords(record, found)}</span>`
      }</tr>
      `;
    })
  }</tbody></table></div>`;
}

/** Says if a cause is found in a record; one before the cause of the training is a first sign of it. */
function causeWords(record: HistoryRecord, found: HistoryRecord | null): string {
  if (record === found) return "found here";
  return found !== null && record.step < found.step ? "first sign" : "still there";
}
