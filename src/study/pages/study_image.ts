import type { StudySummary, VariantSummary } from "../study_summary.ts";
import { COLOR_STYLE, DECADES, drawMagnitudes, paletteStyle } from "../../pages/color_steps.ts";
import { CHART, drawHeatMap, type Mark, VALUE_MARKS } from "../../pages/draw_heat_map.ts";
import { drawStrips, STRIP } from "../../pages/draw_strips.ts";
import {
  heightOf,
  MARK_STYLE,
  type Markup,
  markup,
  placed,
  renderSheet,
  shortTitle,
  sizeOf,
} from "../../pages/markup.ts";
import {
  drawPhases,
  drawScaleMarks,
  PHASE_MARKS,
  phasesOf,
  scaleMarks,
  stripsOf,
} from "./show_scales.ts";
import { mapsOf, studyVerdict, viewVariant } from "./study_view.ts";

const MARGIN = 20;
const HEADER = 46;
const TITLE = 24;
const KEY = 40;
const COLUMNS = 2;
const WIDTH = COLUMNS * CHART.width;
/** Number of charts, and of variants with a row of verdicts, that fit into a cell. */
const MOST_CHARTS = 4;
const MOST_VARIANTS = 12;
/** Average width of a letter of the key. */
const LETTER = 6.4;

const STYLE = `${paletteStyle(".gradient-health")}
.sheet { fill: var(--paper); stroke: var(--line); }
text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft); }
.name { font-size: 15px; font-weight: 650; fill: var(--ink); }
.said { font-size: 13px; font-weight: 600; fill: currentColor; }
.title { font-size: 13px; font-weight: 600; fill: var(--ink); }
.verdicts text { font-size: 13px; fill: var(--ink); }
.cursor { display: none; }
${COLOR_STYLE}${MARK_STYLE}`;

/** A drawing of the page of a study, and its title. */
interface Chart {
  title: string;
  drawing: Markup;
}

/**
 * Renders a study as one image with charts of its page: phase diagrams if it has several depths;
 * else the verdict at every scale if it has several variants, and heat maps of layers by scales.
 */
export function renderStudyImage({ header, variants }: StudySummary): string {
  const phases = phasesOf(variants);
  const charts = phases.length > 0 ? phaseCharts(phases) : heatMaps(variants);
  const strip = phases.length === 0 && variants.length > 1
    ? drawStrips(stripsOf(variants.slice(0, MOST_VARIANTS), header.rules, STRIP))
    : null;
  const top = HEADER + (strip === null ? 0 : heightOf(strip) + MARGIN);
  const rows = Math.ceil(charts.length / COLUMNS);
  const rowHeight = TITLE + Math.max(0, ...charts.map(({ drawing }) => heightOf(drawing)));
  const keyAt = top + rows * rowHeight;
  const width = WIDTH + 2 * MARGIN;
  const height = keyAt + KEY;
  const name = `${shortTitle(header.model.name)}: rescaling study`;
  const { paint, words } = studyVerdict(variants);
  const titles = charts.map(({ title }) => title).join("; ");
  return renderSheet({
    title: `${name}: ${words}`,
    about: `${titles}, over the scales of the kernels.`,
    width,
    height,
    style: STYLE,
    body: markup`<text class="name" x="${MARGIN}" y="30">${name}</text>
    <text class="said ${paint}" x="${width - MARGIN}" y="30" text-anchor="end">${words}</text>
    ${strip === null ? null : placed(strip, MARGIN, HEADER)}${
      charts.map(({ title, drawing }, i) => {
        const x = MARGIN + i % COLUMNS * CHART.width;
        const y = top + Math.floor(i / COLUMNS) * rowHeight;
        return markup`<text class="title" x="${x + 16}" y="${y + TITLE - 8}">${title}</text>${
          placed(drawing, x, y + TITLE)
        }
      `;
      })
    }${drawKey(phases.length > 0 ? PHASE_MARKS : scaleMarks(variants.every(isSick)), keyAt)}`,
  });
}

const isSick = ({ best }: VariantSummary) => best === null;

function phaseCharts(phases: ReturnType<typeof phasesOf>): Chart[] {
  return phases.slice(0, MOST_CHARTS).map(({ label, variants }) => ({
    title: `${shortTitle(label)}: delta ratio, depth by scale`,
    drawing: drawPhases(variants),
  }));
}

/** Draws gradients and activations of a single variant, or only the gradients of each of several. */
function heatMaps(variants: readonly VariantSummary[]): Chart[] {
  const maps = variants.length === 1 ? 2 : 1;
  return variants.slice(0, MOST_CHARTS / maps).flatMap((variant, i) => {
    const view = viewVariant(variant, i + 1, Math.min(MOST_CHARTS, variants.length));
    return mapsOf(view).slice(0, maps).map((map) => ({
      title: `${shortTitle(variant.label)}: ${map.title}, layer by scale`,
      drawing: drawHeatMap({ ...map, axis: view.axis, across: "scale" }, drawScaleMarks(view)),
    }));
  });
}

function drawKey(marks: readonly Mark[], y: number): Markup {
  const swatches = drawMagnitudes(DECADES);
  let x = MARGIN + 16;
  const place = (item: (x: number) => Markup, width: number) => {
    const drawn = item(Math.round(x));
    x += width + 20;
    return drawn;
  };
  return markup`<g class="ramp">${
    place((x) => placed(swatches, x, y + 6), sizeOf(swatches)[0])
  }</g>${
    [...marks, ...VALUE_MARKS].map(({ sample, words }) =>
      place(
        (x) =>
          markup`<g transform="translate(${x} ${y + 9})">${sample}</g><text x="${x + 30}" y="${
            y + 20
          }">${words}</text>`,
        30 + words.length * LETTER,
      )
    )
  }`;
}
