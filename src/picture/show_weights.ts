import type { DiagnosedReport } from "../render/report_document.ts";
import { type BlockGrid, blockGrids, rmsOverMedian, wrongTensors } from "./block_grid.ts";
import type { Section } from "./page.ts";
import { type BlocksStyle, showBlocks } from "./show_blocks.ts";
import { showOutliers } from "./show_outliers.ts";
import { markup } from "./markup.ts";

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
  ];
}
