import { formatNumber, formatWhole, roundTo } from "../words/numbers.ts";
import { magnitudeKey } from "./color_steps.ts";
import { stepAxis } from "./column_axis.ts";
import { CHART, drawHeatMap } from "./draw_heat_map.ts";
import { type Curve, drawStepMarks, drawSteps, type StepMark } from "./draw_steps.ts";
import { showStrips, stripsKey, type StripVerdict } from "./draw_strips.ts";
import {
  errorsOf,
  type HistoryMap,
  historyMaps,
  type HistoryRecord,
  largestOf,
} from "./history_view.ts";
import { type Markup, markup, shortTitle } from "./markup.ts";

/** Charts of a training. */
interface TrainingCharts {
  /** The objective and the verdict over the steps. */
  lead: Markup;
  /** Other figures over the steps; `null` if none was measured twice. */
  lines: Markup | null;
  /** Heat maps of layers by steps with their tables; likewise. */
  maps: Markup | null;
}

/** Shows the charts of a training. */
export function showTraining(
  records: readonly HistoryRecord[],
  found: HistoryRecord | null,
): TrainingCharts {
  const steps = records.map(({ step }) => step);
  const tone = found?.cause?.severity ?? null;
  const marks = found === null || tone === null ? [] : [{
    step: found.step,
    tone: tone === "note" ? "changed" as const : tone,
    words: "the cause is found",
  }];
  const draw = (values: Line["values"], tone: Curve["tone"] = null) =>
    drawSteps({ steps, curves: [{ name: "", tone, values }], across: "batches", marks });
  const lines = linesOf(records).filter(({ values }) => isDrawn(values));
  const maps = historyMaps(records).filter(({ rows }) =>
    isDrawn(records.map((_, i) => rows.find(({ cells }) => isKnown(cells[i]))?.cells[i] ?? null))
  );
  const values = records.map(({ measurements }) => measurements.objective.value);
  return {
    lead:
      markup`<figcaption><b>objective</b> <span class="soft">on the held-out batch</span></figcaption>${
        draw(values, marks[0]?.tone)
      }${showVerdicts(records)}`,
    lines: lines.length === 0
      ? null
      : markup`<div class="wide">${
        lines.map(({ title, about, values }) =>
          markup`<figure><figcaption><b>${title}</b> <span class="soft">${about}</span></figcaption>${
            draw(values)
          }</figure>`
        )
      }</div>`,
    maps: maps.length === 0 ? null : showMaps(maps, records, marks),
  };
}

/** Figure of a training over its steps. */
interface Line {
  title: string;
  about: string;
  values: (number | null)[];
}

function linesOf(records: readonly HistoryRecord[]): Line[] {
  return [
    {
      title: "largest growth",
      about: "of any kernel since before training",
      values: largestOf(records, "growth"),
    },
    {
      title: "largest update ratio",
      about: "of any kernel at the latest step",
      values: largestOf(records, "updateRatio"),
    },
  ];
}

const isKnown = (value: number | null) => value !== null && Number.isFinite(value);

/** Returns true if there is more to draw than a single value, which the table has. */
const isDrawn = (values: readonly (number | null)[]) => values.filter(isKnown).length > 1;

/** Shows the verdict at each step as a strip. */
function showVerdicts(records: readonly HistoryRecord[]): Markup {
  const hasCause = records.some(({ cause }) => cause !== null);
  const strips = [{
    name: records[0].measurements.model.name,
    verdicts: records.map((record) => verdictAt(record, { hasCause })),
  }];
  const axis = stepAxis(records.map(({ step }) => step), { from: 0, to: 100 });
  return markup`${
    showStrips({ strips, axis, headings: ["network", "verdict after each measurement"] })
  }${stripsKey(strips)}`;
}

/** Returns the verdict on a record; nothing is called healthy in a training with a cause. */
function verdictAt(record: HistoryRecord, { hasCause }: { hasCause: boolean }): StripVerdict {
  const { cause, findings } = record;
  if (errorsOf(record).length > 0 || cause?.severity === "error") {
    return { paint: "alert", words: "errors" };
  }
  if (cause !== null || findings.some(({ severity }) => severity === "warning")) {
    return { paint: "warn", words: "warnings" };
  }
  return hasCause
    ? { paint: "else", words: "nothing found yet" }
    : { paint: "well", words: "healthy" };
}

function showMaps(
  maps: readonly HistoryMap[],
  records: readonly HistoryRecord[],
  marks: readonly StepMark[],
): Markup {
  const axis = stepAxis(records.map(({ step }) => step), CHART);
  return markup`<div class="wide">${
    maps.map((map) =>
      markup`<figure class="heat"><figcaption><b>${map.title}</b> <span class="soft">${map.about}</span></figcaption>${
        drawHeatMap(
          { ...map, axis, across: "batches" },
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
  <th scope="col">batches${
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
  return markup`<div class="scroll tall" tabindex="0" role="group" aria-label="Step by step"><table><thead><tr>
  <th scope="col">batches<th scope="col">epoch<th scope="col">objective<th scope="col">largest growth<th scope="col">largest update ratio<th scope="col">errors<th scope="col">warnings<th scope="col" class="word">cause</tr></thead><tbody>${
    records.map((record, i) => {
      const { step, epoch, measurements, findings, cause } = record;
      const warnings = findings.filter(({ severity }) => severity === "warning").length;
      return markup`<tr><th scope="row">${formatWhole(step)}<td>${epoch}<td>${
        formatNumber(measurements.objective.value)
      }<td>${figure(growth[i])}<td>${figure(updates[i])}<td>${
        errorsOf(record).length
      }<td>${warnings}<td class="word">${
        cause === null
          ? null
          : markup`<span class="${cause.severity}">${
            record === found ? "found here" : "still there"
          }</span>`
      }</tr>
      `;
    })
  }</tbody></table></div>`;
}
