import { growthSentences, siblingWords, verdictWords } from "../render/growth_words.ts";
import { wrapText } from "../render/fit_text.ts";
import type { GrowthSummary } from "../study/growth/growth_types.ts";
import { growthSummaryShape } from "../study/study_document.ts";
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
import { paletteStyle } from "./palette.ts";

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
