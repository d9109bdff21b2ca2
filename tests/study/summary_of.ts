import type { StudyHeader } from "../../src/study/study_header.ts";
import type { StudyPoint } from "../../src/study/grid_point.ts";
import type { StudyGrid } from "../../src/study/study_grid.ts";
import { summarizeStudy } from "../../src/study/summarize_study.ts";
import { makeHeader, makePoints } from "./make_study.ts";

export const SCALES = Array.from(
  { length: 61 },
  (_, i) => Number((10 ** (-3 + i / 10)).toPrecision(4)),
);

export function summaryOf(
  grid: StudyGrid,
  change: (point: StudyPoint) => Partial<StudyPoint> = () => ({}),
  over: Partial<StudyHeader> = {},
) {
  const header = makeHeader(grid, over);
  const points = makePoints(header).map((point) => ({ ...point, ...change(point) }));
  return summarizeStudy({ ...header, points });
}

/** Healthy around 1; gradients vanish below and explode above. */
export const band = ({ scale }: StudyPoint): Partial<StudyPoint> =>
  scale > 0.7 && scale < 1.5 ? {} : {
    healthy: false,
    failed: [scale < 1 ? "vanishing-gradients" : "exploding-gradients"],
  };

export const lineOf = (text: string, start: string) =>
  text.split("\n").find((line) => line.startsWith(start))!;
