import { cutNames } from "../../core/text/fit_text.ts";
import { bestScaleSentence, studyCells, studySentences } from "../text/study_words.ts";
import { summaryShape } from "../study_document.ts";
import type { LayerFigureName, Quartiles, StudySummary, VariantSummary } from "../study_summary.ts";
import {
  formatCount,
  formatFactor,
  formatNumber,
  formatShare,
  roundTo,
} from "../../ground/words/numbers.ts";
import { requireValue } from "../../ground/words/shape.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { DECADES, magnitudeKey, shareKey } from "../../pages/color_steps.ts";
import { COLUMN_STYLE } from "../../pages/column_axis.ts";
import { CHART, drawHeatMap } from "../../pages/draw_heat_map.ts";
import { showStrips, stripsKey } from "../../pages/draw_strips.ts";
import { type Markup, markup, PathData, powerOfTen, shortTitle } from "../../pages/markup.ts";
import { renderPage, renderSection, type Section } from "../../pages/page.ts";
import {
  drawScaleMarks,
  HEALTHY,
  marksKey,
  phasesOf,
  ratioText,
  type ScaleVerdict,
  showPhases,
  stripsOf,
  verdictsOf,
  verdictWords,
} from "./show_scales.ts";
import { studyScript } from "./study_script.js";
import {
  type FigureMap,
  figuresOf,
  mapsOf,
  studyVerdict,
  type VariantView,
  viewVariant,
} from "./study_view.ts";

const HEIGHT = 264;
const PLOT = { top: 6, bottom: 228 };
/** Height of the lanes above the axis, for non-finite figures, and below it, for zeros. */
const LANE = 16;
/** Larger or smaller powers of ten are drawn at the end of the axis. */
const MOST_DECADES = 6;
const LEAST_DECADES = 3;
const MOST_TICKS = 7;
const MOST_LINES = 6;

/**
 * Draws the profile over depth of a figure at every shown scale, one over the other: the style
 * sheet shows those at the smallest, the best and the largest scale; with the script, the best one
 * and the slider's. The median of the draws is a line, and the range between the quartiles an area.
 */
function drawScaleProfiles(view: VariantView, figure: LayerFigureName): Markup {
  const { scales, layers, variant, start } = view;
  const depth = variant.scales[0].layers.length;
  const known = layers.filter(({ place }) =>
    scales.some((scale) => figuresOf({ scale, place }, figure) !== undefined)
  );
  const profiles = scales.map((scale) =>
    known.flatMap(({ place }): Point[] => {
      const quartiles = figuresOf({ scale, place }, figure);
      return quartiles === undefined ? [] : [{ x: xOf(place, depth), quartiles }];
    })
  );
  const axis = axisOf(profiles.flat().map(({ quartiles }) => quartiles.median));
  const last = scales.length - 1;
  return markup`<svg viewBox="0 0 ${CHART.width} ${HEIGHT}" aria-hidden="true">${
    drawFrame(axis, depth)
  }${
    profiles.map((points, i) => {
      const names = [
        "at",
        ...i === 0 ? ["lo"] : [],
        ...i === start ? ["best"] : [],
        ...i === last ? ["hi"] : [],
      ];
      return markup`<g class="${names.join(" ")}">${drawProfile(points, axis)}</g>
      `;
    })
  }</svg>`;
}

interface Point {
  x: number;
  quartiles: Quartiles;
}

/** Range of the axis, in powers of ten. */
interface Axis {
  from: number;
  to: number;
}

function axisOf(values: readonly number[]): Axis {
  const logs = values.filter((value) => value > 0 && Number.isFinite(value)).map(Math.log10);
  const within = (log: number) => Math.min(MOST_DECADES, Math.max(-MOST_DECADES, log));
  const from = Math.floor(within(logs.reduce((a, b) => Math.min(a, b), Infinity)));
  const to = Math.ceil(within(logs.reduce((a, b) => Math.max(a, b), -Infinity)));
  return logs.length === 0
    ? { from: -LEAST_DECADES, to: 0 }
    : { from: Math.min(from, to - LEAST_DECADES), to };
}

function xOf(place: number, depth: number): number {
  return Math.round(CHART.from + (place + 0.5) / depth * (CHART.to - CHART.from));
}

function yOf(value: number, { from, to }: Axis): number {
  if (value === 0) return PLOT.bottom - LANE / 2;
  if (!Number.isFinite(value)) return PLOT.top + LANE / 2;
  const share = Math.min(1, Math.max(0, (Math.log10(value) - from) / (to - from)));
  return Math.round(PLOT.bottom - LANE - share * (PLOT.bottom - PLOT.top - 2 * LANE));
}

const isOnAxis = (value: number) => value > 0 && Number.isFinite(value);

/**
 * Draws the range, if there is one, the curve, and last the dots. A page has hundreds of profiles,
 * so only the range has a class.
 */
function drawProfile(points: readonly Point[], axis: Axis): Markup {
  const range = points.filter(({ quartiles: { lower, upper } }) =>
    isOnAxis(lower) && isOnAxis(upper)
  );
  const side = (of: "lower" | "upper") =>
    range.map(({ x, quartiles }) => [x, yOf(quartiles[of], axis)] as const);
  const upper = side("upper");
  const lower = side("lower");
  // If all draws are within a pixel, the line is enough.
  const hasRange = upper.some(([, y], i) => y !== lower[i][1]);
  const outline = new PathData();
  const line = new PathData();
  const dots = new PathData();
  for (const [x, y] of [...upper, ...lower.reverse()]) outline.line(x, y);
  for (const { x, quartiles: { median } } of points) {
    const y = yOf(median, axis);
    if (isOnAxis(median)) line.line(x, y);
    else line.lift();
    dots.dot(x, y);
  }
  return markup`${
    hasRange ? markup`<path class="range" d="${outline.text}z"/>` : null
  }<path d="${line.text}"/><path d="${dots.text}"/>`;
}

function drawFrame(axis: Axis, depth: number): Markup {
  const { from, to, width } = CHART;
  const step = Math.ceil((axis.to - axis.from) / MOST_LINES);
  const lines = Array.from(
    { length: Math.floor((axis.to - axis.from) / step) + 1 },
    (_, i) => axis.from + i * step,
  );
  const every = Math.ceil(depth / (MOST_TICKS * 2));
  const layers = Array.from({ length: Math.ceil(depth / every) }, (_, i) => i * every);
  return markup`<path class="lines" d="${
    lines.map((line) => `M${from} ${yOf(10 ** line, axis)}H${to}`).join("")
  }"/>${
    lines.map((line) =>
      markup`<text x="${from - 8}" y="${yOf(10 ** line, axis) + 4}" text-anchor="end">${
        endOf(line, axis)
      }</text>`
    )
  }<text x="${from - 8}" y="${PLOT.bottom}" text-anchor="end">0</text>${
    layers.map((place) =>
      markup`<text x="${xOf(place, depth)}" y="${PLOT.bottom + 16}" text-anchor="middle">${
        place + 1
      }</text>`
    )
  }<text x="${width / 2 + from / 2}" y="${HEIGHT - 4}" text-anchor="middle">layer</text>`;
}

/**
 * Formats a power of ten beside the axis; at an end that also holds larger or smaller values, with
 * ≤ or ≥.
 */
function endOf(line: number, { from, to }: Axis): string {
  if (line === -MOST_DECADES && line === from) return `≤ ${powerOfTen(line)}`;
  return line === MOST_DECADES && line === to ? `≥ ${powerOfTen(line)}` : powerOfTen(line);
}

/**
 * Shows the effect of the scale on the layers of a variant: the profile over depth at a scale, heat
 * maps, and tables.
 */
function showVariant(view: VariantView, verdicts: readonly ScaleVerdict[]): Markup {
  const { variant, number, scales, layers, axis, start, best } = view;
  const maps = mapsOf(view);
  const id = (name: string) => `${name}-${number}`;
  const first = scales[start];
  const at = formatFactor(first.scale);
  const name = best === null ? "Reset" : "Best";
  const said = `Scale ${at}: ${verdictWords(verdicts[variant.scales.indexOf(first)], first)}`;
  const left = variant.scales[0].layers.length - layers.length;
  const thin = [
    ...left === 0 ? [] : [`${layers.length} of ${layers.length + left} layers`],
    ...scales.length === variant.scales.length
      ? []
      : [`${scales.length} of ${variant.scales.length} scales`],
  ];
  return markup`<div class="variant" data-x="${axis.centers.join(" ")}">
  <div class="slide"><label for="${id("scale")}">Scale</label>
  <input type="range" id="${id("scale")}" min="0" max="${
    scales.length - 1
  }" value="${start}" aria-valuetext="${said}">
  <button type="button" data-go="${start}">${name}</button>
  <output class="said" for="${id("scale")}">${said}</output></div>
  <ul class="key still"><li class="lo">${SAMPLE}smallest scale, ${
    formatFactor(scales[0].scale)
  }</li><li class="best">${SAMPLE}${best === null ? "scale" : "best scale,"} ${at}</li>
  <li class="hi">${SAMPLE}largest scale, ${formatFactor(scales[scales.length - 1].scale)}</li></ul>
  <ul class="key when-live" hidden><li class="now">${SAMPLE}scale of the slider; the area holds half of the draws</li>
  <li class="best">${SAMPLE}${best === null ? "scale" : "best scale,"} ${at}</li></ul>
  <div class="wide">${
    ([["gradient", "mean |gradient|"], ["meanActivation", "mean |activation|"]] as const).map(
      ([figure, title]) =>
        markup`<figure class="profile"><figcaption><b>${title} over depth</b></figcaption>${
          drawScaleProfiles(view, figure)
        }</figure>`,
    )
  }</div>
  ${marksKey(best === null)}
  <div class="wide">${
    maps.map((map, i) =>
      markup`<figure class="heat" data-table="${
        id(`map${i + 1}`)
      }" data-title="${map.title}"><figcaption><b>${map.title}</b> <span class="soft">${map.about}</span></figcaption>${
        drawHeatMap({ ...map, axis, across: "scale" }, drawScaleMarks(view))
      }${
        map.kind === "share" ? shareKey() : magnitudeKey(DECADES)
      }<p class="read small soft" hidden></p></figure>`
    )
  }</div>
  ${thin.length === 0 ? null : markup`<p class="small soft">Shown: ${thin.join(", ")}.</p>`}
  <div class="tables">${tableOfScales(view, verdicts)}${
    maps.map((map, i) => tableOfMap(map, view, id(`map${i + 1}`)))
  }</div></div>`;
}

const SAMPLE =
  markup`<svg viewBox="0 0 24 14" width="24" height="14" aria-hidden="true"><path class="curve" d="M1 7h22"/></svg>`;

const LONGEST = 24;

/**
 * Returns the results of a variant scale by scale; the script reads out the row of the slider's
 * scale.
 */
function tableOfScales(view: VariantView, verdicts: readonly ScaleVerdict[]): Markup {
  const { scales, best, variant, number } = view;
  return markup`<details><summary>Table: scale by scale</summary>
  <div class="scroll tall" tabindex="0" role="group" aria-label="${variant.label}, scale by scale"><table class="scales" id="scales-${number}"><thead><tr>
  <th scope="col">scale<th scope="col" class="word">verdict<th scope="col">delta ratio<th scope="col">quartiles<th scope="col">in theory</tr></thead><tbody>${
    scales.map((scale, i) => {
      const { deltaRatio, predictedRatio } = scale;
      const verdict = verdicts[variant.scales.indexOf(scale)];
      return markup`<tr><th>${formatFactor(scale.scale)}${
        i === best ? " (best)" : ""
      }<td class="word">${verdictWords(verdict, scale)}<td>${ratioText(deltaRatio?.median)}<td>${
        deltaRatio === null || scale.draws === 1
          ? ""
          : `${formatNumber(deltaRatio.lower)} to ${formatNumber(deltaRatio.upper)}`
      }<td>${ratioText(predictedRatio)}</tr>
      `;
    })
  }</tbody></table></div></details>`;
}

/** Returns the figures of a heat map; the script looks up the one under the pointer. */
function tableOfMap(
  { title, kind, rows }: FigureMap,
  { scales, variant }: VariantView,
  id: string,
): Markup {
  const names = cutNames(rows.map(({ name }) => escapeControls(name)), LONGEST, "…");
  const text = (cell: number | null) => {
    if (cell === null) return "";
    return kind === "share" ? formatShare(cell) : formatNumber(roundTo(2, cell));
  };
  return markup`<details><summary>Table: ${title}</summary><div class="scroll tall" tabindex="0" role="group" aria-label="${variant.label}, ${title}"><table id="${id}"><thead><tr>
  <th scope="col">scale${
    names.map((name) => markup`<th scope="col"><bdi>${name}</bdi>`)
  }</tr></thead><tbody>${
    scales.map(({ scale }, i) =>
      markup`<tr><th>${formatFactor(scale)}${rows.map(({ cells }) => markup`<td>${text(cells[i])}`)}
      `
    )
  }</tbody></table></div></details>`;
}

/** Number of variants with charts; the table has all. */
const MOST_VARIANTS = 60;
/** With more variants, a menu would be longer than the table, which has the same links. */
const MOST_IN_MENU = 12;

/**
 * Renders a study as one self-contained page: the healthy scales of each variant in a table and in
 * sentences, the verdict at every scale, a phase diagram if there are several depths, and for each
 * variant a slider over the scales with the profile over depth, heat maps (scale by layer), and all
 * figures in tables. Figures are medians over the draws. A large study shows evenly spaced scales
 * and layers.
 *
 * @param summary The result of `summarizeStudy`.
 * @returns The page, an HTML document that needs no other file, with a newline at its end.
 * @throws {InputError} If it is not a summary.
 *
 * @example A study of two scales
 * ```ts
 * import { renderStudyPage } from "@gradient-health/gradient-health/picture";
 * import { study, summarizeStudy } from "@gradient-health/gradient-health/study";
 * import { assertStringIncludes } from "@std/assert";
 *
 * const result = await study({ network: "exercise" }, { scales: [0.001, 1] });
 * const page = await renderStudyPage(summarizeStudy(result));
 * assertStringIncludes(page, "<!doctype html>");
 * ```
 */
export function renderStudyPage(summary: StudySummary): Promise<string> {
  requireValue("summary", summary, summaryShape);
  const { header, variants } = summary;
  const shown = variants.slice(0, MOST_VARIANTS);
  const phases = phasesOf(variants);
  const { strips, axis } = stripsOf(shown, header.rules, { from: 0, to: 100 });
  const sections = shown.map((variant, i): Section => ({
    id: `variant-${i + 1}`,
    title: variantTitle(variant),
    body: showVariant(viewVariant(variant, i + 1, shown.length), verdictsOf(variant, header.rules)),
  }));
  const parts = [
    { id: "scales", title: "Healthy scales", body: showAnswer(summary) },
    ...phases.length === 0
      ? []
      : [{ id: "phases", title: "Depth by scale", body: showPhases(phases) }],
  ];
  const name = shortTitle(header.model.name);
  const { paint, words } = studyVerdict(variants);
  return renderPage({
    title: `${name}: rescaling study`,
    header: markup`<p class="kicker"><bdi>${name}</bdi>: rescaling study</p>
      <h1 class="verdict sentence ${paint}">${words}</h1>${
      showStrips({ strips, axis, headings: ["network", "verdict at every scale"] })
    }${stripsKey(strips, [HEALTHY])}`,
    sections: [
      ...parts,
      ...sections.length <= MOST_IN_MENU ? sections : [{
        id: "variants",
        title: "Variants",
        body: markup`${sections.map((section) => renderSection(section, 3))}`,
      }],
      {
        id: "study",
        title: "The study",
        body: markup`${
          studySentences(summary).map((sentence) =>
            markup`<p class="soft"><bdi>${escapeControls(sentence)}</bdi></p>`
          )
        }`,
      },
    ],
    extra: { style: COLUMN_STYLE, script: studyScript },
  });
}

function variantTitle({ label, best }: VariantSummary): string {
  const name = shortTitle(label);
  return best === null
    ? `${name}: no healthy scale`
    : `${name}: best at ${formatFactor(best.scale)}`;
}

/** Shows the table of variants, and a sentence for each. */
function showAnswer(summary: StudySummary): Markup {
  const { variants } = summary;
  const [headings, ...rows] = studyCells(summary);
  const shown = variants.slice(0, MOST_VARIANTS);
  return markup`<div class="scroll plain" tabindex="0" role="group" aria-label="Healthy scales"><table class="answer"><thead><tr>${
    headings.map((heading) => markup`<th scope="col">${heading}</th>`)
  }</tr></thead><tbody>${
    rows.map(([label, ...cells], i) =>
      markup`<tr><th scope="row">${
        i < MOST_VARIANTS
          ? markup`<a href="#variant-${i + 1}"><bdi>${label}</bdi></a>`
          : markup`<bdi>${label}</bdi>`
      }</th>${cells.map((cell) => markup`<td>${cell}</td>`)}</tr>
      `
    )
  }</tbody></table></div>
${
    shown.length < variants.length
      ? markup`<p class="small soft">The first ${
        formatCount(shown.length, "variant")
      } of ${variants.length} have charts.</p>`
      : null
  }
  <ul class="sentences">${
    variants.map((variant) =>
      markup`<li><bdi>${escapeControls(bestScaleSentence(variant))}</bdi></li>
      `
    )
  }</ul>`;
}
