import type { HistoryRecord } from "../../src/picture/history_view.ts";
import type { StudyPoint } from "../../src/study/grid_point.ts";
import type { StudySummary } from "../../src/study/study_summary.ts";
import { finding, layer, measurements, statistics, weight } from "../render/sample.ts";
import { makeLayer } from "../study/make_study.ts";
import { band, summaryOf } from "../study/summary_of.ts";

/** So many scales from 0.001 to 1000. */
export const scales = (count: number): number[] =>
  Array.from(
    { length: count },
    (_, i) => Number((10 ** (-3 + 6 * i / (count - 1))).toPrecision(4)),
  );

/** What a summary is made of. */
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
          kind: "learning-rate",
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
