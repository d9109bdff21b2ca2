import type { VariantSummary } from "../study/study_summary.ts";
import { formatFactor } from "../words/numbers.ts";
import { escapeControls } from "../words/show_value.ts";
import { byMagnitude, DECADES, magnitudeKey } from "./color_steps.ts";
import { type ColumnAxis, drawTicks, scaleAxis } from "./column_axis.ts";
import { CHART, drawCells } from "./draw_heat_map.ts";
import { type Markup, markup } from "./markup.ts";
import { keyItem, type Mark, ratioText, scalesOf, theoryScales } from "./scale_marks.ts";

/** Networks that differ in depth alone. */
interface Phases {
  label: string;
  variants: VariantSummary[];
}

/** Groups the variants that differ in depth alone, if there are several depths. */
export function phasesOf(variants: readonly VariantSummary[]): Phases[] {
  const groups = Map.groupBy(
    variants.filter(({ depth }) => depth !== null),
    ({ activation, initializer, width }) => JSON.stringify([activation, initializer, width]),
  );
  return [...groups.values()].filter((group) => group.length > 1).map((group) => ({
    label: group[0].label.replace(/, depth \d+|^depth \d+(, )?/, "") || "model",
    variants: group.toSorted((a, b) => a.depth! - b.depth!),
  }));
}

export const PHASE_MARKS: readonly Mark[] = [
  {
    sample: markup`<rect class="phase-well" x="3" y="2" width="18" height="10"/>`,
    words: "healthy scales",
  },
  { sample: markup`<path class="theory" d="M1 7h22"/>`, words: "delta ratio of 1 in theory" },
  { sample: markup`<path class="theory-end" d="M1 7h22"/>`, words: "1/1000 and 1000 in theory" },
];

/**
 * Shows the phase diagrams of a study: depth by scale, coloured by the delta ratio, with theory's
 * curves.
 */
export function showPhases(phases: readonly Phases[]): Markup {
  return markup`<p>From top to bottom the networks grow deeper, from left to right their kernels grow. Blue: deltas fade
    on their way from the last hidden layer to the first; orange: they grow. The healthy scales close in on the
    scale at which deltas keep their size.</p>
    <ul class="key">${PHASE_MARKS.map(keyItem)}<li>${magnitudeKey(DECADES)}</li></ul>
    <div class="wide">${phases.map(showPhase)}</div>`;
}

function showPhase({ label, variants }: Phases): Markup {
  return markup`<figure class="heat"><figcaption class="name"><bdi>${
    escapeControls(label)
  }</bdi></figcaption>${drawPhases(variants)}
  <details><summary>Table</summary><div class="scroll" tabindex="0" role="group" aria-label="Depths"><table><thead><tr>
  <th scope="col">depth<th scope="col">healthy scales<th scope="col">best<th scope="col">delta ratio of 1 in theory at</tr></thead><tbody>${
    variants.map((variant) => {
      const { depth, band, best } = variant;
      const { even } = theoryScales(variant);
      return markup`<tr><th scope="row">${depth!}<td>${
        band === null ? "none" : `${formatFactor(band.from)} to ${formatFactor(band.to)}`
      }<td>${best === null ? "" : formatFactor(best.scale)}<td>${ratioText(even)}</tr>`;
    })
  }</tbody></table></div></details></figure>`;
}

/** Draws a phase diagram of networks that differ in depth alone, the shallowest first. */
export function drawPhases(variants: readonly VariantSummary[]): Markup {
  const scales = scalesOf(variants);
  const axis = scaleAxis(scales, CHART);
  const { width, from, top } = CHART;
  const row = Math.max(14, Math.min(44, Math.round(220 / variants.length)));
  const bottom = top + row * variants.length;
  const colorOf = byMagnitude(DECADES);
  const rows = variants.map((variant) => {
    const ratios = new Map(variant.scales.map(({ scale, deltaRatio }) => [scale, deltaRatio]));
    return scales.map((scale) => colorOf(ratios.get(scale)?.median ?? null));
  });
  return markup`<svg viewBox="0 0 ${width} ${bottom + 24}" aria-hidden="true">${
    variants.map(({ depth }, i) =>
      markup`<text x="${from - 8}" y="${
        top + (i + 0.5) * row + 4
      }" text-anchor="end">${depth!}</text>`
    )
  }<text x="${from - 8}" y="${top - 6}" text-anchor="end">depth</text>${
    drawCells(rows, axis, top, row)
  }${
    variants.map(({ band }, i) =>
      band === null
        ? null
        : markup`<rect class="phase-well" x="${axis.at(band.from)}" y="${
          top + i * row + 2
        }" width="${Math.max(3, Math.round(axis.at(band.to) - axis.at(band.from)))}" height="${
          row - 4
        }"/>`
    )
  }${drawTheory(variants, axis, row)}${drawTicks(axis, bottom)}<text x="${from - 24}" y="${
    bottom + 16
  }" text-anchor="end">scale</text></svg>`;
}

/** Draws theory's curves from depth to depth; they have gaps if theory has no prediction. */
function drawTheory(variants: readonly VariantSummary[], axis: ColumnAxis, row: number): Markup {
  const all = variants.map(theoryScales);
  const curve = (name: "low" | "even" | "high") => {
    let isDrawn = false;
    return all.map(({ [name]: scale }, i) => {
      const move = isDrawn ? "L" : "M";
      isDrawn = scale !== null;
      if (scale === null) return "";
      const x = axis.at(scale);
      const y = CHART.top + i * row;
      return `${move}${x} ${y}V${y + row}`;
    }).join("");
  };
  return markup`<path class="theory" d="${curve("even")}"/><path class="theory-end" d="${
    curve("low") + curve("high")
  }"/>`;
}
