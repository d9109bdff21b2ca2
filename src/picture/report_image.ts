import type { Diagnosis } from "../diagnosis/diagnosis.ts";
import { fixWords, verdictLine } from "../render/render_diagnosis.ts";
import type { ChartAxis } from "../render/chart_model.ts";
import { wrapText } from "../render/fit_text.ts";
import { shownFolds } from "../render/fold_layers.ts";
import type { DiagnosedReport } from "../render/report_document.ts";
import { VERDICT_LOOKS } from "../render/verdicts.ts";
import { formatCount } from "../words/numbers.ts";
import { escapeControls } from "../words/show_value.ts";
import type { BarPanel } from "./bar_panel.ts";
import { BAR_STYLE, barGround, drawBarAxis, drawBarRow, rowHeight } from "./draw_bars.ts";
import { layerMap, shortNodeName } from "./layer_map.ts";
import { Markup, markup, modelTitle } from "./markup.ts";
import { paletteStyle } from "./palette.ts";
import { leadPanels } from "./report_panels.ts";

const WIDTH = 880;
const MARGIN = 24;
/** Width of the names, of a figure, and between panels. */
const NAMES = 128;
const FIGURE = 58;
const GAP = 16;
/** Number of characters of a line of words below the verdict. */
const LINE = { cause: 92, fix: 118 };
const LONGEST_NAME = 18;
const AXIS = 42;
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
text.wrong { font-weight: 650; fill: currentColor; }
text.healthy { fill: var(--healthy); }
svg svg { overflow: visible; }
${BAR_STYLE}`;

/** Panels side by side, under one heading. */
export interface BarImage {
  /** Name of the subject; empty if the titles of the panels are enough. */
  title: string;
  /** Verdict with its causes, or `null` if there is none. */
  verdict: Diagnosis | null;
  /** Words below it. */
  lines: { text: string; style: "cause" | "fix" }[];
  panels: readonly BarPanel[];
  /** Label of each row. */
  names: readonly string[];
}

/**
 * Renders the verdict of a report, its first cause and fix, and the bars of the figure that is wrong
 * and of mean |gradient| or mean |activation| as one image, light or dark as the reader prefers.
 */
export function renderReportImage(
  report: DiagnosedReport,
  { scale = "log" }: { scale?: ChartAxis["scale"] } = {},
): Promise<string> {
  const { measurements, diagnosis } = report;
  const { layers } = measurements;
  const [cause] = diagnosis.causes;
  const { nodes } = layerMap(shownFolds(layers), diagnosis, MAX_ROWS);
  const say = (text: string, style: "cause" | "fix") =>
    wrapText(escapeControls(text), LINE[style], "").map((line) => ({ text: line, style }));
  return Promise.resolve(renderBars({
    title: modelTitle(measurements),
    verdict: diagnosis,
    lines: cause === undefined ? [] : [
      ...say(cause.message, "cause"),
      ...fixWords(cause, layers).flatMap((fix) => say(`Fix: ${fix}`, "fix")),
    ],
    panels: leadPanels({ report, nodes, scale }),
    names: nodes.map((node) => shortNodeName(node, LONGEST_NAME)),
  }));
}

/** Renders bars as one image. */
export function renderBars({ title, verdict, lines, panels, names }: BarImage): string {
  const heights = names.map((_, row) => rowHeight(panels, row));
  const head = title === "" && verdict === null ? MARGIN : MARGIN + 62 + lines.length * 20;
  const top = head + AXIS;
  const key = keyOf(panels);
  const bottom = top + heights.reduce((sum, height) => sum + height, 0);
  const height = bottom + MARGIN + (key === "" ? 0 : 16);
  const said = verdict === null ? "" : verdictLine(verdict, { color: false });
  const room = (WIDTH - 2 * MARGIN - NAMES) / Math.max(1, panels.length);
  const tops = heights.reduce<number[]>((tops, height) => [...tops, tops.at(-1)! + height], [top]);
  const image =
    markup`<svg class="gradient-health" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img" aria-labelledby="gh-title gh-desc">
    <title id="gh-title">${[title, said].filter((text) => text !== "").join(": ")}</title>
    <desc id="gh-desc">${
      [
        ...lines.map(({ text }) => text),
        `${panels.map(({ title }) => title).join(" and ")} of ${
          formatCount(names.length, "layer")
        }, from the input on.`,
      ].join(" ")
    }</desc>
    <style>${new Markup(STYLE)}</style>
    <rect class="sheet" x="0.5" y="0.5" width="${WIDTH - 1}" height="${height - 1}" rx="8"/>
    <defs>${panels.map((panel, i) => barGround(panel, `gh-${i + 1}`))}</defs>${
      title === ""
        ? null
        : markup`<text class="name" x="${MARGIN}" y="${MARGIN + 8}">${title}</text>`
    }${verdict === null ? null : drawVerdict(verdict, said)}${
      lines.map(({ text, style }, i) =>
        markup`<text class="${style}" x="${MARGIN}" y="${MARGIN + 70 + i * 20}">${text}</text>`
      )
    }${
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
    }<text class="soft" x="${MARGIN + NAMES + FIGURE}" y="${bottom + 24}">${key}</text></svg>
    `;
  return image.source;
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

function drawVerdict({ verdict }: Diagnosis, said: string): Markup {
  const [word, ...rest] = said.split(/(?=[:,])/);
  const counts = rest.join("").replace(/^[:,] /, "");
  return markup`<text class="verdict ${VERDICT_LOOKS[verdict].tone}" x="${MARGIN - 2}" y="${
    MARGIN + 42
  }">${word}<tspan class="counts" dx="10">${counts}</tspan></text>`;
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
        row === null ? null : figure(
          row.figure,
          { x: from - 8, y, end: true },
          row.wrong === null ? "soft" : `wrong ${row.wrong}`,
        )
      }${
        row === null || row.fixed === ""
          ? null
          : figure(row.fixed, { x: from + end + 8, y, end: false }, "healthy")
      }`;
    })
  }`;
}
