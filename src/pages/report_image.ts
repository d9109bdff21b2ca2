import { type Diagnosis, titleParts, verdictWord } from "../core/diagnosis/diagnosis.ts";
import { fixWords } from "../core/text/render_diagnosis.ts";
import type { ChartAxis } from "../core/text/chart_model.ts";
import { wrapText } from "../core/text/fit_text.ts";
import { shownFolds } from "../core/text/fold_layers.ts";
import type { DiagnosedReport } from "../core/text/report_document.ts";
import { VERDICT_LOOKS } from "../core/text/verdicts.ts";
import { formatCount } from "../ground/words/numbers.ts";
import { escapeControls } from "../ground/words/show_value.ts";
import {
  BAR_STYLE,
  barGround,
  type BarPanel,
  type BarRow,
  drawBarAxis,
  drawBarRow,
  rowHeight,
} from "./bar_panel.ts";
import { layerMap, shortNodeName } from "./layer_map.ts";
import { MARK_STYLE, Markup, markup, modelTitle, renderSheet, sizeOf } from "./markup.ts";
import { COLOR_STYLE, paletteStyle } from "./color_steps.ts";
import { STEPS_STYLE } from "./draw_steps.ts";
import { leadPanels } from "./report_panels.ts";
import { BLOCKS_STYLE, drawBlocks } from "./show_blocks.ts";
import { GRID_STYLE, gridsOf } from "./show_weights.ts";

const WIDTH = 880;
const MARGIN = 24;
/** Width of the names, of a figure, and between panels. */
const NAMES = 160;
const FIGURE = 58;
const GAP = 16;
/** Number of characters of a line of words below the verdict. */
const LINE = { cause: 92, fix: 118 };
const LONGEST_NAME = 21;
const AXIS = 42;
/** Share of the width that a chart or a heat map takes: its words would be too large. */
const DRAWING_SHARE = 0.85;
/** Number of rows: an image has no fold to open. */
const MAX_ROWS = 40;

const STYLE = `${paletteStyle(".gradient-health")}
.sheet { fill: var(--paper); stroke: var(--line); }
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--ink); }
text.name { font-size: 13px; fill: var(--soft); }
text.verdict { font-size: 30px; font-weight: 750; fill: currentColor; }
.verdict .counts { font-size: 15px; font-weight: 500; }
text.cause { font-size: 15px; font-weight: 600; }
text.fix { font-size: 13px; }
text.title { font-weight: 600; }
text.soft { fill: var(--soft); }
text.range { font-size: 11px; }
text.wrong { font-weight: 650; fill: currentColor; }
text.healthy { fill: var(--healthy); }
svg svg { overflow: visible; }
${BAR_STYLE}`;

/** Verdict: its word, other words such as the number of causes, and its tone. */
interface ImageVerdict {
  word: string;
  words: string;
  tone: string;
}

interface ImageLine {
  text: string;
  style: "cause" | "fix";
}

/** Panels side by side, under one heading. */
interface BarImage {
  /** Name of the subject; empty if the titles of the panels are enough. */
  title: string;
  /** Verdict, or `null` if there is none. */
  verdict: ImageVerdict | null;
  /** Words below it. */
  lines: ImageLine[];
  panels: readonly BarPanel[];
  /** Label of each row. */
  names: readonly string[];
}

/**
 * Renders the verdict of a report, its first cause and fix, and the bars of the figure that is wrong
 * and of mean |gradient| or mean |activation| as one image, light or dark as the reader prefers; of a
 * file of weights alone the sizes of its kernels, or a heat map of its blocks.
 */
export function renderReportImage(
  report: DiagnosedReport,
  { scale = "log" }: { scale?: ChartAxis["scale"] } = {},
): Promise<string> {
  const { measurements, diagnosis } = report;
  const { layers } = measurements;
  const [cause] = diagnosis.causes;
  const title = modelTitle(measurements);
  const verdict = imageVerdict(diagnosis);
  const lines = imageLines(
    cause?.message ?? `No problems found${measurements.weightsOnly ? " in the weights" : ""}.`,
    cause === undefined ? [] : fixWords(cause, layers),
  );
  const [grid] = gridsOf(report);
  if (grid !== undefined) {
    return Promise.resolve(renderDrawing({
      title,
      verdict,
      lines,
      drawing: drawBlocks(grid, GRID_STYLE.magnitude),
      kind: "blocks",
      about: `${GRID_STYLE.title} ${GRID_STYLE.about}. Blue is smaller, orange larger.`,
    }));
  }
  const { nodes } = layerMap(shownFolds(layers), diagnosis, MAX_ROWS);
  const { panels, shown } = leadPanels({ report, nodes, scale });
  return Promise.resolve(renderBars({
    title,
    verdict,
    lines,
    panels,
    names: shown.map((node) => {
      const { length } = node.members;
      const count = length === 1 ? "" : ` ×${length}`;
      return `${shortNodeName(node, LONGEST_NAME - count.length)}${count}`;
    }),
  }));
}

function imageVerdict(diagnosis: Diagnosis): ImageVerdict {
  const { verdict } = diagnosis;
  const { counts, scope } = titleParts(diagnosis);
  const words = [counts, scope].filter((part) => part !== "").join(", ");
  return { word: verdictWord(verdict), words, tone: VERDICT_LOOKS[verdict].tone };
}

/** Returns a cause and its fixes as lines of an image. */
export function imageLines(cause: string, fixes: readonly string[]): ImageLine[] {
  const say = (text: string, style: "cause" | "fix") =>
    wrapText(escapeControls(text), LINE[style], "").map((line) => ({ text: line, style }));
  return [...say(cause, "cause"), ...fixes.flatMap((fix) => say(`Fix: ${fix}`, "fix"))];
}

/** Chart or heat map under a verdict. */
interface ImageDrawing extends Pick<BarImage, "title" | "lines"> {
  verdict: ImageVerdict;
  drawing: Markup;
  /** Class of its style. */
  kind: "blocks" | "steps";
  /** Words below it. */
  about: string;
}

/** Renders a verdict, its cause and a drawing as one image. */
export function renderDrawing({ drawing, kind, about, ...head }: ImageDrawing): string {
  const [width, height] = sizeOf(drawing);
  const scale = (WIDTH - 2 * MARGIN) / width * DRAWING_SHARE;
  const top = headHeight(head);
  const bottom = Math.round(top + scale * height);
  const inner = new Markup(drawing.source.replace(/^<svg[^>]*>|<\/svg>\s*$/g, ""));
  return headedSheet({
    head,
    height: bottom + MARGIN + 16,
    about,
    style: `${STYLE}${COLOR_STYLE}${MARK_STYLE}${STEPS_STYLE}${BLOCKS_STYLE}`,
    body: markup`<g class="${kind}" transform="translate(${MARGIN} ${top}) scale(${
      Math.round(scale * 100) / 100
    })">${inner}</g><text class="soft" x="${MARGIN}" y="${bottom + 16}">${about}</text>`,
  });
}

/** Words of an image, and the drawing below them. */
interface HeadedSheet {
  head: Pick<BarImage, "title" | "verdict" | "lines">;
  height: number;
  /** Description for screen readers, after the words of the head. */
  about: string;
  style: string;
  body: Markup;
}

/** Returns the height of the words above a drawing. */
function headHeight({ title, verdict, lines }: HeadedSheet["head"]): number {
  return title === "" && verdict === null ? MARGIN : MARGIN + 62 + lines.length * 20;
}

function headedSheet(
  { head: { title, verdict, lines }, height, about, style, body }: HeadedSheet,
): string {
  return renderSheet({
    title: [title, verdict?.word ?? "", verdict?.words ?? ""].filter(Boolean).join(": "),
    about: [...lines.map(({ text }) => text), about].join(" "),
    width: WIDTH,
    height,
    style,
    body: markup`${
      title === ""
        ? null
        : markup`<text class="name" x="${MARGIN}" y="${MARGIN + 8}">${title}</text>`
    }${verdict === null ? null : drawVerdict(verdict)}${
      lines.map(({ text, style }, i) =>
        markup`<text class="${style}" x="${MARGIN}" y="${MARGIN + 70 + i * 20}">${text}</text>`
      )
    }${body}`,
  });
}

/** Renders bars as one image. */
export function renderBars({ panels, names, ...words }: BarImage): string {
  const heights = names.map((_, row) => rowHeight(panels, row));
  const head = headHeight(words);
  const top = head + AXIS;
  const key = keyOf(panels);
  const bottom = top + heights.reduce((sum, height) => sum + height, 0);
  const room = (WIDTH - 2 * MARGIN - NAMES) / Math.max(1, panels.length);
  const tops = heights.reduce<number[]>((tops, height) => [...tops, tops.at(-1)! + height], [top]);
  return headedSheet({
    head: words,
    height: bottom + MARGIN + (key === "" ? 0 : 16),
    about: `${panels.map(({ title }) => title).join(" and ")} of ${
      formatCount(names.length, "layer")
    }, from the input on.`,
    style: STYLE,
    body: markup`<defs>${panels.map((panel, i) => barGround(panel, `gh-${i + 1}`))}</defs>${
      names.map((name, row) =>
        markup`<text x="${MARGIN}" y="${tops[row] + heights[row] / 2 + 4}">${name}</text>`
      )
    }${
      panels.map((panel, i) =>
        drawPanel(panel, {
          x: MARGIN + NAMES + i * room,
          width: room,
          head,
          tops,
          ground: `gh-${i + 1}`,
        })
      )
    }<text class="soft" x="${MARGIN + NAMES + FIGURE}" y="${bottom + 24}">${key}</text>`,
  });
}

function figuresOf(row: BarRow | null): readonly string[] {
  if (row === null) return [];
  return row.lines.length > 0 ? row.lines : [row.figure];
}

/** Explains the marks of the panels in words. */
function keyOf(panels: readonly BarPanel[]): string {
  const some = (has: (panel: BarPanel) => boolean) => panels.some(has);
  return [
    ...some(({ band }) => band !== null) ? ["green band: healthy"] : [],
    ...some(({ isFixed }) => isFixed) ? ["green line: with the fix"] : [],
    ...some(({ zero }) => zero !== null) ? ["ring: exactly 0"] : [],
    ...some(({ hasGains }) => hasGains) ? ["diamond: gain of a normalisation"] : [],
  ].join("; ");
}

function drawVerdict({ word, words, tone }: ImageVerdict): Markup {
  return markup`<text class="verdict ${tone}" x="${MARGIN - 2}" y="${
    MARGIN + 42
  }">${word}<tspan class="counts" dx="10">${words}</tspan></text>`;
}

/** Place of a panel in an image. */
interface Place {
  x: number;
  width: number;
  head: number;
  tops: readonly number[];
  ground: string;
}

function drawPanel(panel: BarPanel, { x, width, head, tops, ground }: Place): Markup {
  const from = x + FIGURE;
  const end = width - FIGURE - GAP - (panel.isFixed ? FIGURE - GAP : 0);
  const nest = (y: number, drawing: Markup) =>
    markup`<svg x="${from}" y="${y}" width="${end}" height="${
      drawing.source.match(/ height="(\d+)"/)![1]
    }">${drawing}</svg>`;
  const figure = (text: string, at: { x: number; y: number; end: boolean }, name: string) =>
    markup`<text class="${name}" x="${at.x}" y="${at.y}"${
      at.end ? markup` text-anchor="end"` : null
    }>${text}</text>`;
  return markup`<text class="title" x="${from}" y="${head + 14}">${panel.title}</text>${
    nest(head + 20, drawBarAxis(panel))
  }${
    panel.isFixed ? figure("fixed", { x: from + end + 8, y: head + 34, end: false }, "soft") : null
  }${
    panel.rows.map((row, i) => {
      const height = tops[i + 1] - tops[i];
      const y = tops[i] + height / 2 + 4;
      return markup`${nest(tops[i], drawBarRow(panel, row, { height, ground }))}${
        figuresOf(row).map((text, line, { length }) =>
          figure(
            text,
            { x: from - 8, y: y + (line - (length - 1) / 2) * 11, end: true },
            `${row?.wrong == null ? "soft" : `wrong ${row.wrong}`}${length > 1 ? " range" : ""}`,
          )
        )
      }${
        row === null || row.fixed === ""
          ? null
          : figure(row.fixed, { x: from + end + 8, y, end: false }, "healthy")
      }`;
    })
  }`;
}
