import { cutNames } from "../render/fit_text.ts";
import { formatFactor, formatNumber, formatShare, roundTo } from "../words/numbers.ts";
import { escapeControls } from "../words/show_value.ts";
import { DECADES, magnitudeKey, shareKey } from "./color_steps.ts";
import { drawHeatMap } from "./draw_heat_map.ts";
import { type Markup, markup } from "./markup.ts";
import {
  drawScaleMarks,
  marksKey,
  ratioText,
  type ScaleVerdict,
  verdictWords,
} from "./scale_marks.ts";
import { drawScaleProfiles } from "./scale_profiles.ts";
import { type FigureMap, mapsOf, type VariantView } from "./study_view.ts";

/**
 * Shows the effect of the scale on the layers of a variant: the profile over depth at a scale, heat
 * maps, and tables.
 */
export function showVariant(view: VariantView, verdicts: readonly ScaleVerdict[]): Markup {
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
