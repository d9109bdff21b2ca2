import type { StudyHeader } from "../../src/study/study_header.ts";
import {
  countPoints,
  gridPoint,
  type StudyLayer,
  type StudyPoint,
} from "../../src/study/grid_point.ts";
import { resolveGrid, type StudyGrid } from "../../src/study/study_grid.ts";
import { STUDY_RULES } from "../../src/study/study_options.ts";

/** The header of a study on a grid. */
export function makeHeader(grid: StudyGrid, over: Partial<StudyHeader> = {}): StudyHeader {
  const resolved = resolveGrid(grid);
  return {
    format: "gradient-health study",
    version: 1,
    package: "0.1.0",
    engine: { backend: "wasm", simd: true, relaxedSimd: false, tfjs: "4.22.0" },
    model: { name: "dense", source: null, fingerprint: "0" },
    objective: "sum",
    examples: 32,
    batch: null,
    scaleLayers: null,
    rules: [...STUDY_RULES],
    grid: resolved,
    total: countPoints(resolved),
    shard: null,
    ...over,
  };
}

/** A layer with a kernel of the given sigma_w. */
export function makeLayer(name: string, over: Partial<StudyLayer> = {}): StudyLayer {
  return {
    name,
    role: "hidden",
    activation: "tanh",
    sigma: 1,
    gradient: 0.1,
    delta: 0.1,
    deltaNorm: 1,
    meanActivation: 0.5,
    saturated: 0,
    dead: null,
    zeroGradients: 0,
    zeroDeltas: 0,
    zeroActivations: 0,
    ...over,
  };
}

/** A healthy point of a grid; sigma_w is the scale. */
export function makePoint(
  { grid }: StudyHeader,
  index: number,
  over: Partial<StudyPoint> = {},
): StudyPoint {
  const point = gridPoint(grid, index);
  const sigma = point.scale;
  return {
    ...point,
    objective: 1.5,
    deltaRatio: point.scale,
    inputRms: 1,
    plain: true,
    healthy: true,
    failed: [],
    layers: [
      makeLayer("dense_1", { sigma }),
      makeLayer("dense_2", { sigma }),
      makeLayer("dense_3", { sigma, role: "output", activation: "linear", saturated: null }),
    ],
    ...over,
  };
}

/** All points of a study. */
export function makePoints(
  header: StudyHeader,
  over: (index: number) => Partial<StudyPoint> = () => ({}),
): StudyPoint[] {
  return Array.from({ length: header.total }, (_, i) => makePoint(header, i, over(i)));
}
