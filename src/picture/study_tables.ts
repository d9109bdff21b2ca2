import { escapeControls } from "../words/show_value.ts";
import { formatFactor, formatNumber, formatShare, roundTo } from "../words/numbers.ts";
import { cutNames } from "../render/fit_text.ts";
import { type Markup, markup } from "./markup.ts";
import { ratioText, type ScaleVerdict, verdictWords } from "./scale_marks.ts";
import type { FigureMap, VariantView } from "./study_view.ts";

const LONGEST = 24;

/**
 * Returns the results of a variant scale by scale; the script reads out the row of the slider's
 * scale.
 */
export function tableOfScales(view: VariantView, verdicts: readonly ScaleVerdict[]): Markup {
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
export function tableOfMap(
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
