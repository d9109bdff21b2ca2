import type { Measurements } from "../core/measure/measurements.ts";
import type { DiagnosedReport } from "../core/text/report_document.ts";
import { wholeWords } from "../core/text/layer_table.ts";
import {
  hasTrend,
  type Sibling,
  siblingGroups,
  trendOf,
} from "../core/rules/network/sibling_tensors.ts";
import { formatFactor, formatNumber, roundTo } from "../ground/words/numbers.ts";
import { escapeControls } from "../ground/words/show_value.ts";
import type { Wrong } from "./bar_panel.ts";
import {
  type BlockGrid,
  blockGrids,
  type BlocksStyle,
  rmsOverMedian,
  showBlocks,
  wrongTensors,
} from "./show_blocks.ts";
import { breakable, type Markup, markup } from "./markup.ts";
import type { Section } from "./page.ts";
import { drawTimes } from "./table_of_layers.ts";

/** Words and colours of the heat map of weights alone. */
export const GRID_STYLE: Omit<BlocksStyle, "id"> = {
  title: "rms of each tensor",
  about: "over the median of its kind: alike, or slowly rising or falling, in a healthy file",
  magnitude: { middle: 0, perDecade: 9 },
};

/** Returns the grids of the blocks in a file of weights alone, the largest first. */
export function gridsOf(
  { measurements, findings }: Pick<DiagnosedReport, "measurements" | "findings">,
): BlockGrid[] {
  const { layers, weightsOnly } = measurements;
  if (weightsOnly === undefined) return [];
  const size = ({ blocks, kinds }: BlockGrid) => blocks.length * kinds.length;
  return blockGrids(layers, rmsOverMedian(layers), wrongTensors(findings, layers))
    .toSorted((a, b) => size(b) - size(a));
}

/** Returns the sections about the blocks of a file of weights alone, outliers first. */
export function weightsSections(
  report: Pick<DiagnosedReport, "measurements" | "findings">,
  id: (name: string) => string,
): Section[] {
  const { measurements, findings } = report;
  if (measurements.weightsOnly === undefined) return [];
  const outliers = showOutliers(measurements, wrongTensors(findings, measurements.layers));
  const others = gridsOf(report).slice(1);
  const whole = showWholeNumbers(measurements);
  return [
    ...outliers === null
      ? []
      : [{ id: id("outliers"), title: "Farthest from their kind", body: outliers }],
    ...others.length === 0 ? [] : [{
      id: id("blocks"),
      title: "Other blocks",
      body: markup`${
        others.map((grid, i) =>
          showBlocks(grid, { ...GRID_STYLE, title: grid.name, id: id(`blocks-${i + 1}`) })
        )
      }`,
    }],
    ...whole === null ? [] : [{ id: id("whole"), title: "Whole numbers", body: whole }],
  ];
}

/** Shows the tensors of whole numbers in a file; `null` if there are none. */
function showWholeNumbers(measurements: Measurements): Markup | null {
  const words = wholeWords(measurements);
  if (words === null) return null;
  const { title, tensors, more } = words;
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="${title}"><table class="answer"><thead><tr>
  <th scope="col">tensor<th scope="col">type<th scope="col">range<th scope="col">zeros<th scope="col">alike</tr></thead><tbody>${
    tensors.map(({ name, type, range, zeros, alike }) =>
      markup`<tr><th scope="row"><bdi>${
        breakable(name)
      }</bdi><td>${type}<td>${range}<td>${zeros}<td>${alike === "" ? "none" : alike}</tr>
      `
    )
  }</tbody></table></div>${
    more === 0
      ? null
      : markup`<p class="small soft">And ${more} smaller ones: see --format json.</p>`
  }`;
}

const MAX_OUTLIERS = 12;

/** Tensor beside the trend of its kind over the blocks. */
interface Stray {
  sibling: Sibling;
  trend: number;
  /** Distance from the trend, in spreads of its siblings. */
  deviations: number;
}

/**
 * Shows the tensors that are farthest from the trend of their kind over the blocks, those first that
 * findings are about; `null` if no tensor is in a block.
 */
export function showOutliers(
  { layers }: Measurements,
  wrong: ReadonlyMap<string, Wrong>,
): Markup | null {
  const strays = straysOf(layers);
  if (strays.length === 0) return null;
  const isWrong = ({ sibling }: Stray) => Number(wrong.has(sibling.weight.name));
  const shown = strays.toSorted((a, b) => isWrong(b) - isWrong(a) || b.deviations - a.deviations)
    .slice(0, MAX_OUTLIERS);
  return markup`<div class="scroll" tabindex="0" role="group" aria-label="Tensors far from their trend"><table class="answer"><thead><tr>
  <th scope="col">tensor<th scope="col">rms<th scope="col" class="spare">trend of its kind<th scope="col">times its trend</tr></thead><tbody>${
    shown.map(({ sibling: { weight: { name, values } }, trend }) => {
      const tone = wrong.get(name);
      const times = values.nonFinite > 0 ? NaN : values.rms / trend;
      const marked = tone === undefined ? null : markup` class="wrong ${tone}"`;
      return markup`<tr><th scope="row"><bdi>${breakable(escapeControls(name))}</bdi>${
        tone === undefined ? null : markup`\u00a0<span class="${tone} small">${tone}</span>`
      }<td>${formatNumber(roundTo(2, values.nonFinite > 0 ? NaN : values.rms))}<td class="spare">${
        formatNumber(roundTo(2, trend))
      }<td${marked}>${drawTimes(times, tone ?? "sound")}${formatFactor(roundTo(2, times))}</tr>
      `;
    })
  }</tbody></table></div>`;
}

function straysOf(layers: Measurements["layers"]): Stray[] {
  return siblingGroups(layers).flatMap((group) => {
    const trend = trendOf(group);
    if (trend === null) return [];
    return group.siblings.filter(hasTrend).map((sibling): Stray => {
      const { block, weight: { values } } = sibling;
      const expected = trend.at(block);
      const isSized = values.rms > 0 && values.nonFinite === 0;
      return {
        sibling,
        trend: expected,
        deviations: isSized ? Math.abs(Math.log(values.rms / expected)) / trend.spread : Infinity,
      };
    });
  });
}
