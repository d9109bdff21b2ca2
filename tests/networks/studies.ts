import type { HistoryRecord } from "../../src/training/pages/history_view.ts";
import {
  countPoints,
  gridPoint,
  type StudyLayer,
  type StudyPoint,
} from "../../src/study/grid_point.ts";
import { resolveGrid, type StudyGrid } from "../../src/study/study_grid.ts";
import type { StudyHeader } from "../../src/study/study_document.ts";
import { type CreateStudyModel, STUDY_RULES } from "../../src/study/study_options.ts";
import type { StudySummary } from "../../src/study/study_summary.ts";
import { summarizeStudy } from "../../src/study/study.ts";
import { finding, layer, measurements, statistics, weight } from "./sample.ts";

/** The header of a study on a grid. */
export function makeHeader(grid: StudyGrid, over: Partial<StudyHeader> = {}): StudyHeader {
  const resolved = resolveGrid(grid);
  return {
    format: "gradient-health study",
    version: 1,
    package: "0.2.0",
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

export const small: CreateStudyModel = ({ tf, activation, seed }) =>
  tf.sequential({
    layers: [
      tf.layers.dense({
        name: "hidden",
        units: 4,
        inputShape: [3],
        activation: (activation ?? "tanh") as "tanh",
        kernelInitializer: tf.initializers.heNormal({ seed: seed + 1 }),
      }),
      tf.layers.dense({
        name: "head",
        units: 1,
        kernelInitializer: tf.initializers.heNormal({ seed: seed + 2 }),
      }),
    ],
  });

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

/** So many scales from 0.001 to 1000. */
export const scales = (count: number): number[] =>
  Array.from(
    { length: count },
    (_, i) => Number((10 ** (-3 + 6 * i / (count - 1))).toPrecision(4)),
  );

/** Sample of which a summary is made. */
export interface Sample {
  scales?: number;
  layers?: number;
  activations?: string[];
  depths?: number[];
  seeds?: number;
  names?: readonly string[];
}

/** A study whose deltas fade below scale 1 and grow above it, the more the further from the last layer. */
export function sampleStudy(
  { layers = 4, names = [], seeds = 3, ...grid }: Sample = {},
): StudySummary {
  const ratioOf = ({ scale, seed }: StudyPoint, steps: number) => scale ** steps * (1 + 0.1 * seed);
  return summaryOf(
    {
      scales: scales(grid.scales ?? 7),
      seeds,
      depths: grid.depths,
      activations: grid.activations ?? ["tanh"],
    },
    (point) => ({
      ...band(point),
      deltaRatio: ratioOf(point, (point.depth ?? layers) - 1),
      layers: Array.from({ length: point.depth ?? layers }, (_, i) => {
        const size = ratioOf(point, (point.depth ?? layers) - 1 - i);
        return makeLayer(names[i] ?? `dense_${i + 1}`, {
          sigma: point.scale,
          gradient: size,
          delta: size,
          deltaNorm: size,
          meanActivation: point.scale > 500 ? NaN : point.scale < 0.002 ? 0 : size,
          saturated: point.scale > 1 ? 0.4 : 0,
        });
      }),
    }),
    { model: { name: names[0] ?? "dense", source: null, fingerprint: "0" } },
  );
}

/** A training that blows up at the last of its records. */
export function sampleHistory(records = 5, names: readonly string[] = ["dense_1", "dense_2"]) {
  return Array.from({ length: records }, (_, i): HistoryRecord => {
    const isLast = i === records - 1 && i > 0;
    const size = isLast ? 1e5 : 1 + i / 10;
    const all = names.map((name) =>
      layer(name, {}, {
        activations: statistics(size),
        weights: [weight(`${name}/kernel`, size, { gradients: statistics(size / 100) })],
      })
    );
    const findings = isLast ? [finding(names[0])] : [];
    return {
      step: i * 10,
      epoch: Math.ceil(i / 2),
      findings,
      measurements: measurements(all, {
        model: { name: names[0], source: null, parameters: 40, layers: names.length },
        objective: { name: "meanSquaredError", value: isLast ? NaN : 2 - i / 10 },
      }),
      progress: i === 0 ? [] : names.map((name) => ({
        layer: name,
        weight: `${name}/kernel`,
        growth: size,
        updateRatio: isLast ? 4 : 0.001,
      })),
      cause: isLast
        ? {
          kind: "rate-too-high",
          severity: "error",
          layers: [names[0]],
          consequences: [],
          message: "The learning rate of 50 is too large.",
          findings,
          fixes: [{ kind: "rebuild", what: "Lower it to about 0.1." }],
        }
        : null,
    };
  });
}
