import type {
  FigureChange,
  FigureName,
  LayerComparison,
} from "../core/compare/compare_measurements.ts";
import type { BlockChange, Difference, WeightChanges } from "../core/compare/difference.ts";
import { type Cause, type Diagnosis, VERDICTS, verdictWord } from "../core/diagnosis/diagnosis.ts";
import { describeFix } from "../core/diagnosis/fix_words.ts";
import type { LayerMeasurements, Measurements } from "../core/measure/measurements.ts";
import { fixOf } from "../core/text/render_diagnosis.ts";
import { type Chart, placed } from "../core/text/chart_model.ts";
import { shownFolds } from "../core/text/fold_layers.ts";
import { wrongLayers } from "../core/text/layer_table.ts";
import {
  causeChanges,
  type DifferenceRow,
  differenceTable,
  DRAWN_FIGURES,
  headSentence,
  movedSentence,
  otherDifferences,
  WEIGHT_HEADINGS,
  WEIGHT_LEGEND,
  weightChangeTable,
} from "../core/text/render_difference.ts";
import { VERDICT_LOOKS } from "../core/text/verdicts.ts";
import { formatNumber } from "../ground/words/numbers.ts";
import { escapeControls } from "../ground/words/show_value.ts";
import { type BarPanel, barPanel } from "./bar_panel.ts";
import { blockGrids, showBlocks, wrongTensors } from "./show_blocks.ts";
import { layerMap, LayerNames } from "./layer_map.ts";
import { breakable, type Markup, markup, prose, shortTitle, showFacts } from "./markup.ts";
import { renderPage, type Section } from "./page.ts";
import { factsOf } from "./report_page.ts";
import { barKey, showBars } from "./show_bars.ts";
import { showCauses, verdictTitle } from "./show_lead.ts";
import { drawTimes } from "./table_of_layers.ts";

/** Number of rows on the first screen; the table below has all. */
const MAX_ROWS = 12;
/** A longer table scrolls by itself. */
const MAX_ROWS_SHOWN = 20;
/** Number of figures there, and on a phone. */
const MAX_COLUMNS = 4;
const MAX_NARROW = 2;
/** Number of causes there. */
const MAX_CAUSES = 4;

/**
 * Renders the difference between two runs as one self-contained page: both verdicts, what moved and
 * by how much, the causes that are gone, stayed and new, then bars of both runs layer by layer.
 */
export function renderDifferencePage(difference: Difference): Promise<string> {
  const { before, after, comparison, weights } = difference;
  const head = headSentence(difference);
  const news = newCause(difference);
  const said = [
    ...news === null ? [] : [news.message],
    ...head === null ? [] : [head],
    ...weights?.said ?? comparison.said,
  ].map((words) => words.replace(/\.$/, ""));
  const { measurements, diagnosis } = after;
  const table = { ...differenceTable(difference, { all: true }), toneOf: tonesOf(difference) };
  const moved = table.rows.filter(({ changes }) => changes.some((one) => one?.moved));
  const grid = showGrid(difference);
  const panels = grid === null ? panelsOf(difference) : [];
  const shown = moved.slice(0, MAX_ROWS);
  const isWhole = moved.length <= MAX_ROWS && table.headings.length <= MAX_COLUMNS;
  const chart = grid ??
    (moved.length > 0 ? tableOf(shown, table, MAX_COLUMNS) : showPanels(panels, difference));
  return renderPage({
    title: `${shortTitle(before.name)} and ${shortTitle(after.name)}: difference`,
    header: markup`<div class="lead"><div class="lead-said"><p class="kicker">A: <bdi>${
      shortTitle(before.name)
    }</bdi>, B: <bdi>${shortTitle(after.name)}</bdi></p>${
      titleOf(difference)
    }<p class="lead-cause"><bdi>${
      said.length === 0 ? movedSentence(difference) : sentence(said[0])
    }</bdi></p>${news === null ? null : showFixOf(news, measurements)}${
      said.slice(1).map((words) => markup`<p><bdi>${sentence(words)}</bdi></p>`)
    }${changesOf(difference)}</div><div class="lead-chart">${chart}</div></div>`,
    sections: [
      ...weights === undefined ? [] : weightSections(weights),
      ...moved.length > 0 && panels.length > 0
        ? [{ id: "bars", title: "Before and after", body: showPanels(panels, difference) }]
        : [],
      ...moved.length > 0 && (grid !== null || !isWhole)
        ? [{ id: "moved", title: "All layers that moved", body: tableOf(moved, table) }]
        : [],
      ...diagnosis.causes.length === 0 ? [] : [{
        id: "causes",
        title: "What is wrong in B",
        body: showCauses(diagnosis.causes, measurements),
      }],
      { id: "runs", title: "Both runs", body: showRuns(difference) },
    ],
  });
}

function sentence(words: string): Markup {
  return prose(`${words[0].toUpperCase()}${words.slice(1)}.`);
}

/** Shows both verdicts as a title, or the one that both have. */
function titleOf({ before, after }: Difference): Markup {
  const one = before.diagnosis.verdict;
  const other = after.diagnosis.verdict;
  if (one === other) return verdictTitle(after.diagnosis, "in both");
  const word = (verdict: typeof one) =>
    markup`<span class="${VERDICT_LOOKS[verdict].tone}">${verdictWord(verdict)}</span>`;
  return markup`<h1 class="verdict">${word(one)} <span class="soft" aria-label="then">→</span> ${
    word(other)
  }</h1>`;
}

const FATES: Record<string, string> = { "No longer": "healthy", Stayed: "soft", New: "error" };

/** Returns the first new cause if it made the verdict worse: the page begins with it. */
function newCause({ before, after, causes }: Difference): Cause | null {
  const rank = ({ diagnosis }: typeof before) => VERDICTS.indexOf(diagnosis.verdict);
  return rank(after) < rank(before) ? causes.came[0] ?? null : null;
}

/** Shows the fix of a new cause, as the report of the second run does. */
function showFixOf({ fixes, tried }: Cause, { layers }: Measurements): Markup {
  return markup`${
    fixOf(fixes, tried).map((fix) =>
      markup`<p><b>Fix:</b> <bdi>${prose(describeFix(fix, layers))}</bdi></p>`
    )
  }`;
}

/** Lists the change of each cause but of the one that the page begins with. */
function changesOf(difference: Difference): Markup | null {
  const head = newCause(difference)?.message;
  const changes = causeChanges(difference).filter(([, message]) => message !== head);
  if (changes.length === 0) return null;
  return markup`${
    changes.slice(0, MAX_CAUSES).map(([fate, message]) =>
      markup`<p><b class="${FATES[fate]}">${fate}:</b> <bdi>${prose(message)}</bdi></p>
      `
    )
  }${changes.length > MAX_CAUSES ? markup`<p>And ${changes.length - MAX_CAUSES} more.</p>` : null}`;
}

/** Colour of a moved figure: better, worse, or neither. */
type MoveTone = "healthy" | "error" | "changed";

/** Table of the figures that moved. */
interface MovedTable extends Pick<ReturnType<typeof differenceTable>, "headings" | "figures"> {
  legend: string;
  toneOf(layer: string, figure: FigureName): MoveTone;
}

/**
 * Returns the tone of a moved figure: better if only the first run has a finding about it, worse if
 * only the second has.
 */
function tonesOf({ before, after, comparison: { layers } }: Difference): MovedTable["toneOf"] {
  const wrongIn = (diagnosis: Diagnosis) => {
    const findings = diagnosis.causes.flatMap(({ findings }) => findings);
    return (figure: FigureName) => wrongLayers(findings, figure === "delta" ? "gradient" : figure);
  };
  const [was, is] = [before, after].map(({ diagnosis }) => wrongIn(diagnosis));
  const names = new Map(layers.map(({ before, after }) => [after, before]));
  return (layer, figure) => {
    const wasWrong = was(figure).has(names.get(layer)!);
    const isWrong = is(figure).has(layer);
    if (wasWrong === isWrong) return "changed";
    return isWrong ? "error" : "healthy";
  };
}

/** Explains the colours of the cells in use; `null` if nothing is better or worse. */
function keyOf(rows: readonly DifferenceRow[], { figures, toneOf }: MovedTable): Markup | null {
  const tones = new Set(
    rows.flatMap(({ name, changes }) =>
      changes.flatMap((change, i) => change?.moved ? [toneOf(name, figures[i])] : [])
    ),
  );
  if (!tones.has("healthy") && !tones.has("error")) return null;
  const words = {
    healthy: "better: wrong in A alone",
    error: "worse: wrong in B alone",
    changed: "moved",
  };
  return markup`<ul class="key">${
    (Object.keys(words) as MoveTone[]).filter((tone) => tones.has(tone)).map((tone) =>
      markup`<li><svg class="bar-row" width="22" height="12" aria-hidden="true"><rect class="bar ${tone}" y="1" width="22" height="10"/></svg>${
        words[tone]
      }</li>`
    )
  }</ul>`;
}

/** Shows the layers that moved, worst first, with the factor of each figure and a small bar of it. */
function tableOf(
  rows: readonly DifferenceRow[],
  { headings, figures, legend, toneOf }: MovedTable,
  columns = Infinity,
): Markup {
  const isSpare = (i: number) => columns < Infinity && i >= MAX_NARROW;
  const cellOf = (
    cell: string,
    { change, tone }: { change: FigureChange | undefined; tone: MoveTone },
    i: number,
  ) => {
    const names = [
      ...change?.moved ? ["wrong", tone] : ["soft"],
      ...isSpare(i) ? ["spare"] : [],
    ].join(" ");
    return markup`<td class="${names}">${
      change?.moved ? markup`${barOf(change, tone)}${arrowOf(change)} ` : null
    }${cell}`;
  };
  return markup`<p class="small soft">${legend}</p>${
    keyOf(rows, { headings, figures, legend, toneOf })
  }<div class="scroll plain${
    rows.length > MAX_ROWS_SHOWN ? " tall" : ""
  }" tabindex="0" role="group" aria-label="Layers that moved"><table class="moved"><thead><tr><th scope="col">layer${
    headings.slice(0, columns).map((heading, i) =>
      markup`<th scope="col"${isSpare(i) ? markup` class="spare"` : null}>${heading}`
    )
  }</tr></thead><tbody>${
    rows.map(({ name, cells, changes }) =>
      markup`<tr><th scope="row"><bdi>${breakable(escapeControls(name))}</bdi>${
        cells.slice(0, columns).map((cell, i) =>
          cellOf(cell, { change: changes[i], tone: toneOf(name, figures[i]) }, i)
        )
      }</tr>
      `
    )
  }</tbody></table></div>`;
}

/** Draws the factor of a change; from or to 0 there is none. */
function barOf({ factor }: FigureChange, tone: MoveTone): Markup | null {
  return factor === 0 || factor === Infinity ? null : drawTimes(factor, tone);
}

/** Shows if a figure rose or fell. */
function arrowOf({ before, after }: FigureChange): Markup {
  return after < before
    ? markup`<span aria-label="fell">↓</span>`
    : markup`<span aria-label="rose">↑</span>`;
}

/** Shows the change of each tensor of repeated blocks, for files of weights alone. */
function showGrid({ before, after, comparison: { layers } }: Difference): Markup | null {
  if ([before, after].some(({ measurements }) => measurements.weightsOnly === undefined)) {
    return null;
  }
  const sizes = new Map(before.measurements.layers.map((layer) => [layer.name, rmsOf(layer)]));
  const known = new Map(
    layers.filter(({ figures }) => figures.kernel !== undefined)
      .map(({ before, after }) => [after, sizes.get(before) ?? null]),
  );
  const [grid] = blockGrids(
    after.measurements.layers,
    ({ layer, weight }) => {
      const size = known.get(layer.name) ?? null;
      if (weight !== layer.weights[0] || size === null) return null;
      return size === rmsOf(layer) ? 1 : rmsOf(layer)! / size;
    },
    wrongTensors(
      after.diagnosis.causes.flatMap(({ findings }) => findings),
      after.measurements.layers,
    ),
  );
  if (grid === undefined) return null;
  return showBlocks(grid, {
    title: "rms of each kernel, B over A",
    about: "1 if it did not change",
    magnitude: { middle: 0, perDecade: 9 },
    id: "blocks",
  });
}

function rmsOf({ weights: [weight] }: LayerMeasurements): number | null {
  if (weight === undefined) return null;
  return weight.values.nonFinite > 0 ? NaN : weight.values.rms;
}

/** Builds the bars of both runs, of the figures that moved, or else of those that are known. */
function panelsOf({ after, comparison: { layers } }: Difference): BarPanel[] {
  const nodes = nodesOf(after);
  const known = DRAWN_FIGURES.filter(([name]) => layers.some(({ figures }) => name in figures));
  return known.map(([name, title]) => {
    const chart = (side: "before" | "after") => chartOf(layers, name, title, side);
    return barPanel({
      chart: chart("before"),
      fixed: chart("after"),
      rows: nodes.map(({ members }) => members),
      wrong: new Map(
        layers.flatMap(({ after, figures }) =>
          figures[name]?.moved ? [[after, "changed" as const] as const] : []
        ),
      ),
      origin: null,
    });
  });
}

const nodesOf = ({ measurements: { layers }, diagnosis }: Difference["after"]) =>
  layerMap(shownFolds(layers), diagnosis).nodes;

function chartOf(
  layers: readonly LayerComparison[],
  name: FigureName,
  title: string,
  side: "before" | "after",
): Chart {
  const rows = layers.flatMap(({ after, figures }, row) => {
    const change = figures[name];
    if (change === undefined) return [];
    return [{ label: after, value: change[side], row, range: null, mark: null, gap: null }];
  });
  return { title, about: "", band: null, left: new Map(), ...placed(rows, "log") };
}

function showPanels(panels: readonly BarPanel[], { after }: Difference): Markup {
  const { layers } = after.measurements;
  const titles = panels.map(({ title }) => title).join(", ");
  return markup`<div class="compared">${barKey(panels, SIDES)}${
    showBars({
      panels,
      nodes: nodesOf(after),
      names: new LayerNames(layers, 1),
      id: "both",
      label: `${titles}, layer by layer, in A and in B.`,
      sides: SIDES,
    })
  }</div>`;
}

/** Headings of the figures, and words for the mark of the second run. */
const SIDES = { is: "A", fixed: "B", bar: "bar: A", mark: "tick: B" };

function showRuns(difference: Difference): Markup {
  const { before, after } = difference;
  const facts = otherDifferences(difference).map((
    [label, words],
  ) => [label, escapeControls(words)]);
  return markup`${showFacts(facts)}<div class="pair">${
    ([["A", before], ["B", after]] as const).map(([side, { name, measurements }]) =>
      markup`<div><h3>${side}: <bdi>${shortTitle(name)}</bdi></h3>${factsOf(measurements)}</div>`
    )
  }</div>`;
}

/** Returns the sections on the changes of two files of weights: every block and every tensor. */
function weightSections(weights: WeightChanges): Section[] {
  const { rows, rest } = weightChangeTable(weights, { all: true });
  return [
    ...weights.blocks.length === 0 ? [] : [{
      id: "blocks",
      title: "Changes of the blocks",
      body: weightTable(
        "block",
        ["tensors that differ", "largest change"],
        weights.blocks.map(rowOf),
      ),
    }],
    {
      id: "tensors",
      title: "Changes of the tensors",
      body: markup`${weightTable("tensor", WEIGHT_HEADINGS, rows)}${
        rest.map((text) => markup`<p><bdi>${breakable(escapeControls(text))}</bdi></p>`)
      }<p>${WEIGHT_LEGEND}</p>`,
    },
  ];
}

const rowOf = ({ name, tensors, changed, largest }: BlockChange) => ({
  name,
  cells: [
    changed === 0 ? "none" : `${changed} of ${tensors}`,
    largest === null ? "not a number" : formatNumber(largest),
  ],
});

function weightTable(
  of: string,
  headings: readonly string[],
  rows: readonly { name: string; cells: readonly string[] }[],
): Markup {
  const isLong = rows.length > MAX_ROWS_SHOWN;
  return markup`<div class="scroll${
    isLong ? " tall" : ""
  }" tabindex="0" role="group" aria-label="Table: ${of}"><table><thead><tr>
  <th scope="col">${of}${
    headings.map((heading) => markup`<th scope="col">${heading}`)
  }</tr></thead><tbody>${
    rows.map(({ name, cells }) =>
      markup`<tr><th scope="row"><bdi>${escapeControls(name)}</bdi>${
        cells.map((cell) => markup`<td>${cell}`)
      }</tr>
      `
    )
  }</tbody></table></div>`;
}
