import { formatNumber, formatWhole, roundTo } from "../words/numbers.ts";
import { magnitudeKey } from "./color_steps.ts";
import { type ColumnAxis, stepAxis } from "./column_axis.ts";
import { CHART, drawHeatMap } from "./draw_heat_map.ts";
import { drawSteps } from "./draw_steps.ts";
import {
  errorsOf,
  type HistoryMap,
  historyMaps,
  type HistoryRecord,
  largestOf,
} from "./history_view.ts";
import { type Markup, markup, NOTHING, shortTitle } from "./markup.ts";

/** Draws marks over a chart of a training, from the top to the bottom of its rows. */
type Marks = (top: number, bottom: number) => Markup;

/**
 * Shows the charts of a training: lines over the steps, and heat maps of layers by steps with their
 * tables.
 */
export function showTraining(
  records: readonly HistoryRecord[],
  found: HistoryRecord | null,
): { lines: Markup; maps: Markup } {
  const axis = stepAxis(records.map(({ step }) => step), CHART);
  const marks: Marks = (top, bottom) =>
    found === null
      ? NOTHING
      : markup`<path class="found" d="M${axis.at(found.step)} ${top - 12}V${bottom}"/>`;
  return {
    lines: markup`<div class="wide">${
      linesOf(records).map((line) => showLine(line, axis, marks))
    }</div>`,
    maps: showMaps(historyMaps(records), records, axis, marks),
  };
}

interface Line {
  title: string;
  about: string;
  values: (number | null)[];
}

function linesOf(records: readonly HistoryRecord[]): Line[] {
  return [
    {
      title: "objective",
      about: "on the held-out batch",
      values: records.map(({ measurements }) => measurements.objective.value),
    },
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
    ...records.every((record) => errorsOf(record).length === 0) ? [] : [{
      title: "errors",
      about: "that the rules find",
      values: records.map((record) => errorsOf(record).length),
    }],
  ].filter(({ values }) => values.some((value) => value !== null));
}

function showLine({ title, about, values }: Line, axis: ColumnAxis, marks: Marks): Markup {
  return markup`<figure><figcaption><b>${title}</b><span class="soft">${about}</span></figcaption>${
    drawSteps(values, axis, marks)
  }</figure>`;
}

function showMaps(
  maps: readonly HistoryMap[],
  records: readonly HistoryRecord[],
  axis: ColumnAxis,
  marks: Marks,
): Markup {
  return markup`<div class="wide">${
    maps.map((map) =>
      markup`<figure class="heat"><figcaption><b>${map.title}</b><span class="soft">${map.about}</span></figcaption>${
        drawHeatMap({ ...map, axis, across: "batches" }, marks)
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
