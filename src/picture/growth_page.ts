import { wrapText } from "../render/fit_text.ts";
import {
  fixSentence,
  growthSentences,
  siblingWords,
  slopeWords,
  verdictWords,
} from "../render/growth_words.ts";
import type {
  AxisGrowth,
  GrowthFix,
  GrowthSummary,
  RateTransfer,
} from "../study/growth/growth_types.ts";
import { growthSummaryShape } from "../study/study_document.ts";
import { formatNumber } from "../words/numbers.ts";
import { requireValue } from "../words/shape.ts";
import { escapeControls } from "../words/show_value.ts";
import {
  drawGrowthCurves,
  drawSlopes,
  GROWTH_STYLE,
  GROWTH_WIDTH,
  LEVEL_TONES,
} from "./draw_growth.ts";
import { heightOf, Markup, markup, placed, shortTitle } from "./markup.ts";
import { renderPage, type Section } from "./page.ts";
import { paletteStyle } from "./color_steps.ts";

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
  const width = GROWTH_WIDTH + 2 * MARGIN;
  const height = y + MARGIN;
  const image =
    markup`<svg class="gradient-health" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-labelledby="gh-title gh-desc">
    <title id="gh-title">${name}${verdictWords(summary)}</title>
    <desc id="gh-desc">${sentences.join(" ")}</desc>
    <style>${new Markup(STYLE)}</style>
    <rect class="sheet" x="0.5" y="0.5" width="${width - 1}" height="${height - 1}" rx="6"/>
    <text class="name" x="${MARGIN}" y="${MARGIN + 12}">${name}<tspan class="said ${
      LEVEL_TONES[level]
    }">${verdictWords(summary)}</tspan></text>
    ${
      sentences.map((text, i) =>
        markup`<text x="${MARGIN}" y="${MARGIN + 38 + i * LINE}">${text}</text>`
      )
    }${parts}</svg>
    `;
  return image.source;
}
