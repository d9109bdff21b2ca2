import { FLAT_SLOPE, STEEP_SLOPE } from "../../ground/theory/sibling_slopes.ts";
import { wrapText } from "../../core/text/fit_text.ts";
import {
  fixSentence,
  growthSentences,
  LEVEL_TONES,
  siblingWords,
  slopeWords,
  verdictWords,
} from "../text/render_growth.ts";
import {
  type AxisGrowth,
  type GrowthFix,
  type GrowthSlope,
  type GrowthSummary,
  judgedLayers,
  type LayerGrowth,
  type RateTransfer,
} from "../growth/growth_types.ts";
import { growthSummaryShape } from "../study_document.ts";
import { formatNumber, formatWhole } from "../../ground/words/numbers.ts";
import { requireValue } from "../../ground/words/shape.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { paletteStyle } from "../../pages/color_steps.ts";
import { niceStep, valueScale } from "../../pages/column_axis.ts";
import {
  heightOf,
  type Markup,
  markup,
  PathData,
  placed,
  renderSheet,
  shortTitle,
  toTenth,
} from "../../pages/markup.ts";
import { renderPage, type Section } from "../../pages/page.ts";

/** Width of a drawing of growth. */
const GROWTH_WIDTH = 860;

const ROW = 22;
const TOP = 40;
const NAMES = 200;
const PANEL = { width: 300, gap: 30, figure: 90 };
/** Slope at the edge of a panel, unless one of its own is larger. */
const LARGEST_SLOPE = 1.25;

const CELL = { width: 280, height: 150, left: 44, right: 268, top: 26, bottom: 118 };
const COLUMNS = 3;

/** Style of the drawings. */
const GROWTH_STYLE = `
.growth { display: block; width: 100%; max-width: 68rem; height: auto; }
.growth text { font: 12px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft); }
.growth .head { font-weight: 600; fill: var(--ink); }
.growth .layer { fill: var(--ink); }
.growth .flat-band { fill: var(--healthy); fill-opacity: .14; }
.growth .grid { fill: none; stroke: var(--line); }
.growth .edge { fill: none; stroke: var(--error); stroke-dasharray: 4 3; }
.growth .curve { fill: none; stroke-width: 2; }
.growth .curve.healthy { stroke: var(--healthy); } .growth .curve.warning { stroke: var(--warning); }
.growth .curve.error { stroke: var(--error); }
.growth .bar.healthy { fill: var(--healthy); } .growth .bar.warning { fill: var(--warning); }
.growth .bar.error { fill: var(--error); } .growth .bar.soft { fill: var(--soft); fill-opacity: .5; }
.growth .range { fill: none; stroke: var(--ink); }
`;

/**
 * Draws the slopes of every layer: a panel for the size of its activations, and one for their
 * change, with the flat band and the limits of an error. Below them are two sizes that are not
 * judged: those of its gradient and of its update in the first step.
 */
function drawSlopes({ layers }: AxisGrowth): Markup {
  const band = TOP + layers.length * ROW + 26;
  const panels = [
    { title: "activations", isJudged: true, slopeOf: ({ size }: LayerGrowth) => size },
    { title: "change per step", isJudged: true, slopeOf: ({ change }: LayerGrowth) => change },
    { title: "gradient", isJudged: false, slopeOf: firstOf("gradients") },
    { title: "update", isJudged: false, slopeOf: firstOf("updates") },
  ];
  return markup`<svg class="growth" viewBox="0 0 ${GROWTH_WIDTH} ${2 * band}" aria-hidden="true">${
    [0, band].map((y, half) =>
      markup`<g transform="translate(0 ${y})">${
        layers.map(({ name }, i) =>
          markup`<text class="layer" x="0" y="${TOP + i * ROW + 15}">${
            shortTitle(escapeControls(name))
          }</text>`
        )
      }${
        panels.slice(2 * half, 2 * half + 2).map((panel, i) =>
          drawPanel(layers, { ...panel, x: NAMES + i * (PANEL.width + PANEL.gap) })
        )
      }</g>`
    )
  }</svg>`;
}

/** Returns the slope of a figure in the first step that has one. */
function firstOf(figure: "gradients" | "updates") {
  return ({ slopes }: LayerGrowth) => slopes[figure].find((slope) => slope !== null) ?? null;
}

/** Panel of slopes. */
interface SlopePanel {
  title: string;
  isJudged: boolean;
  slopeOf: (layer: LayerGrowth) => GrowthSlope | null;
  /** Left edge. */
  x: number;
}

function drawPanel(
  layers: readonly LayerGrowth[],
  { title, isJudged, slopeOf, x }: SlopePanel,
): Markup {
  const width = PANEL.width - PANEL.figure;
  const sizes = layers.map((layer) => Math.abs(slopeOf(layer)?.value ?? 0));
  const largest = Math.max(LARGEST_SLOPE, ...sizes.filter(Number.isFinite));
  const at = (slope: number) => {
    const share = Math.min(1, Math.max(-1, slope / largest));
    return toTenth(x + width * (1 + share) / 2);
  };
  const bottom = TOP + layers.length * ROW;
  const line = (slope: number) => `M${at(slope)} ${TOP - 4}V${bottom}`;
  const band = at(FLAT_SLOPE) - at(-FLAT_SLOPE);
  return markup`<text class="head" x="${x}" y="14">slope of ${title}${
    isJudged ? "" : " (not judged)"
  }</text>${
    isJudged
      ? markup`<rect class="flat-band" x="${at(-FLAT_SLOPE)}" y="${
        TOP - 4
      }" width="${band}" height="${bottom - TOP + 4}"/><path class="edge" d="${line(-STEEP_SLOPE)}${
        line(STEEP_SLOPE)
      }"/>`
      : null
  }<path class="grid" d="${line(0)}"/>${
    slopeTicks(largest).map((tick) =>
      markup`<text x="${at(tick)}" y="${bottom + 16}" text-anchor="middle">${String(tick)}</text>`
    )
  }${
    layers.map((layer, i) =>
      drawBar({ ...layer, repeats: layer.repeats || !isJudged }, slopeOf(layer), {
        at,
        y: TOP + i * ROW,
        x,
        width,
      })
    )
  }`;
}

/** Returns the limits of an error and 1, or round slopes if one is much larger. */
function slopeTicks(largest: number): number[] {
  if (largest <= LARGEST_SLOPE) return [-1, -STEEP_SLOPE, 0, STEEP_SLOPE, 1];
  const step = niceStep(2 * largest, 5);
  const most = Math.floor(largest / step);
  return Array.from({ length: 2 * most + 1 }, (_, i) => (i - most) * step);
}

function drawBar(
  { repeats, level }: LayerGrowth,
  slope: GrowthSlope | null,
  { at, y, x, width }: { at: (slope: number) => number; y: number; x: number; width: number },
): Markup | null {
  if (slope === null) return null;
  const ends = [at(0), at(slope.value)].toSorted((a, b) => a - b);
  const tone = repeats ? "soft" : LEVEL_TONES[level];
  const half = slope.half ?? 0;
  const range = Number.isFinite(slope.value)
    ? `M${at(slope.value - half)} ${y + 10}H${at(slope.value + half)}`
    : "";
  return markup`<rect class="bar ${tone}" x="${ends[0]}" y="${y + 4}" width="${
    toTenth(ends[1] - ends[0])
  }" height="12"/><path class="range" d="${range}"/><text x="${x + width + 8}" y="${y + 15}">${
    slopeWords(slope).replace("+-", "±")
  }</text>`;
}

/** Draws the size of every layer's activations over width or depth, a panel for each step. */
function drawGrowthCurves(growth: AxisGrowth): Markup {
  const layers = judgedLayers(growth);
  const steps = Math.max(0, ...layers.map(({ curves }) => curves[0].length));
  const height = Math.ceil(steps / COLUMNS) * CELL.height;
  return markup`<svg class="growth" viewBox="0 0 ${GROWTH_WIDTH} ${height}" aria-hidden="true">${
    Array.from({ length: steps }, (_, step) => {
      const x = step % COLUMNS * (CELL.width + 10);
      const y = Math.floor(step / COLUMNS) * CELL.height;
      return markup`<g transform="translate(${x} ${y})">${drawStep(growth, layers, step)}</g>`;
    })
  }</svg>`;
}

function drawStep(
  { axis, sizes }: AxisGrowth,
  layers: readonly LayerGrowth[],
  step: number,
): Markup {
  const { left, right, top, bottom } = CELL;
  const all = layers.flatMap(({ curves }) =>
    curves.flatMap((steps) => steps.filter((size) => Number.isFinite(size) && size > 0))
  );
  const scale = valueScale(all);
  const from = Math.log2(sizes[0]);
  const to = Math.log2(sizes.at(-1)!);
  const x = (size: number) =>
    Math.round(left + (right - left) * (Math.log2(size) - from) / (to - from));
  const y = (value: number) => Math.round(bottom - scale.at(value) * (bottom - top));
  return markup`<text class="head" x="${left}" y="14">${
    step === 0 ? "before training" : `after step ${step}`
  }</text><path class="grid" d="${
    scale.ticks.map((tick) => `M${left} ${y(tick)}H${right}`).join("")
  }"/>${
    scale.ticks.map((tick) =>
      markup`<text x="${left - 6}" y="${y(tick) + 4}" text-anchor="end">${scale.label(tick)}</text>`
    )
  }${
    layers.map(({ curves, level, name }) => {
      const line = new PathData();
      for (const [i, size] of sizes.entries()) {
        const value = curves[i][step];
        if (Number.isFinite(value) && value > 0) line.line(x(size), y(value));
        else line.lift();
      }
      return markup`<path class="curve ${LEVEL_TONES[level]}" d="${line.text}"><title>${
        escapeControls(name)
      }</title></path>`;
    })
  }<text x="${left}" y="${bottom + 18}">${axis} ${
    formatWhole(sizes[0])
  }</text><text x="${right}" y="${bottom + 18}" text-anchor="end">${
    formatWhole(sizes.at(-1)!)
  }</text>`;
}

const PAGE_STYLE = `.drawn { overflow-x: auto; } .drawn > .growth { min-width: 44rem; }
dd.code { margin-left: 0; }
@media print { .drawn > .growth { min-width: 0; } }
`;

/**
 * Renders how siblings of a model keep their scale as one self-contained page: the verdict, then
 * along each axis a panel of slopes by layer, one of sizes over width or depth at each step, a
 * table of all slopes, and the fix with its code.
 *
 * @param summary The result of `summarizeGrowth`.
 * @returns The page, an HTML document that needs no other file, with a newline at its end.
 */
export function renderGrowthPage(summary: GrowthSummary): Promise<string> {
  requireValue("summary", summary, growthSummaryShape);
  const { model, source, level, growth, transfer, fixes } = summary;
  const name = shortTitle(source ?? model);
  return renderPage({
    title: `${name}: ${verdictWords(summary)}`,
    header: markup`<p class="kicker"><bdi>${name}</bdi>: siblings of several sizes</p>
      <h1 class="verdict sentence ${LEVEL_TONES[level]}">${verdictWords(summary)}</h1>${
      growthSentences(summary).map((text) =>
        markup`<p><bdi>${escapeControls(text)}</bdi></p>
      `
      )
    }`,
    sections: [
      ...fixes === null ? [] : [{ id: "fix", title: "Fix", body: showFix(fixes) }],
      ...growth.map((one, i): Section => ({
        id: `axis-${i + 1}`,
        title: `Over ${siblingWords(one)}`,
        body: showAxis(one),
      })),
      ...transfer.length === 0
        ? []
        : [{ id: "rates", title: "Best rates", body: showRates(transfer) }],
    ],
    extra: { style: `${GROWTH_STYLE}${PAGE_STYLE}`, script: null },
  });
}

function showAxis(growth: AxisGrowth): Markup {
  const { layers } = growth;
  const steps = layers[0]?.slopes.activations.length ?? 0;
  const heading = Array.from(
    { length: steps },
    (_, step) => markup`<th scope="col">step ${step}</th>`,
  );
  return markup`<figure><figcaption><b>Slopes by layer</b>: of log2 size over log2 ${growth.axis},
    with the interval over seeds; flat within the green band, an error beyond the dashed lines.</figcaption>${
    drawing("slopes by layer", drawSlopes(growth))
  }</figure>
  <figure><figcaption><b>Sizes of activations</b> over ${growth.axis}, a line for each layer.</figcaption>${
    drawing("sizes of activations", drawGrowthCurves(growth))
  }</figure>
  <details><summary>Slopes at each step</summary>${
    (["activations", "changes", "gradients", "updates"] as const).map((figure) =>
      markup`<div class="scroll" tabindex="0" role="group" aria-label="${figure}"><table><caption>${figure}</caption><thead><tr><th scope="col">layer</th>${heading}</tr></thead><tbody>${
        layers.map(({ name, slopes }) =>
          markup`<tr><th scope="row"><bdi>${escapeControls(name)}</bdi></th>${
            figure === "changes" ? markup`<td></td>` : null
          }${slopes[figure].map((slope) => markup`<td>${slopeWords(slope)}</td>`)}</tr>
          `
        )
      }</tbody></table></div>`
    )
  }</details>`;
}

/** Shows a drawing so that its text stays readable on a phone, where it scrolls. */
const drawing = (label: string, drawn: Markup): Markup =>
  markup`<div class="drawn" tabindex="0" role="group" aria-label="${label}">${drawn}</div>`;

function showFix(fix: GrowthFix): Markup {
  return markup`<p>${fixSentence(fix)}</p><dl>${
    fix.code.map(({ layer, words, code }) =>
      markup`<dt><bdi>${
        escapeControls(layer)
      }</bdi>: ${words}</dt><dd class="code"><pre tabindex="0"><code>${code}</code></pre></dd>
      `
    )
  }</dl>`;
}

function showRates(transfer: readonly RateTransfer[]): Markup {
  return markup`${
    transfer.map(({ of, axis, sizes, best, slope }) =>
      markup`<table><caption>Best rate of ${
        of === "all" ? "all weights" : "embeddings alone"
      }, times the compiled one; slope ${
        slopeWords(slope)
      }</caption><thead><tr><th scope="col">${axis}</th>${
        sizes.map((size) => markup`<th scope="col">${size}</th>`)
      }</tr></thead><tbody><tr><th scope="row">rate</th>${
        best.map((rate) => markup`<td>${formatNumber(rate)}</td>`)
      }</tr></tbody></table>
      `
    )
  }`;
}

const MARGIN = 20;
const LINE = 20;
/** Characters of a line of a sentence. */
const CHARACTERS = 120;

const STYLE = `${paletteStyle(".gradient-health")}
.sheet { fill: var(--paper); stroke: var(--line); }
text { font: 13px system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; fill: var(--soft); }
.name { font-size: 15px; font-weight: 650; fill: var(--ink); }
.said { font-size: 15px; font-weight: 650; fill: currentColor; }
${GROWTH_STYLE}`;

/**
 * Renders how siblings of a model keep their scale as one image: the verdict and its sentences, the
 * slopes by layer, and the sizes over width or depth at each step, along the axis that fares worst.
 */
export function renderGrowthImage(summary: GrowthSummary): string {
  requireValue("summary", summary, growthSummaryShape);
  const { model, source, level, growth } = summary;
  const name = `${shortTitle(source ?? model)}: `;
  const sentences = growthSentences(summary)
    .flatMap((text) => wrapText(escapeControls(text), CHARACTERS));
  const worst = growth.find((one) => one.level === level) ?? growth.at(0);
  let y = MARGIN + 34 + sentences.length * LINE;
  const parts: Markup[] = [];
  if (worst !== undefined) {
    for (const drawing of [drawSlopes(worst), drawGrowthCurves(worst)]) {
      parts.push(
        markup`<text class="name" x="${MARGIN}" y="${y + 16}">${
          parts.length === 0 ? "Slopes" : "Sizes of activations"
        } over ${siblingWords(worst)}</text>`,
        placed(drawing, MARGIN, y + 30),
      );
      y += heightOf(drawing) + 50;
    }
  }
  return renderSheet({
    title: `${name}${verdictWords(summary)}`,
    about: sentences.join(" "),
    width: GROWTH_WIDTH + 2 * MARGIN,
    height: y + MARGIN,
    style: STYLE,
    body: markup`<text class="name" x="${MARGIN}" y="${MARGIN + 12}">${name}<tspan class="said ${
      LEVEL_TONES[level]
    }">${verdictWords(summary)}</tspan></text>
    ${
      sentences.map((text, i) =>
        markup`<text x="${MARGIN}" y="${MARGIN + 38 + i * LINE}">${text}</text>`
      )
    }${parts}`,
  });
}
