import type { Quartiles } from "../study/quartiles.ts";
import type { LayerFigureName, VariantSummary } from "../study/study_summary.ts";
import { SIGNAL_BAND } from "./report_charts.ts";

/**
 * Charts of one variant of a study in numbers, each by scale in the order of the scales. Text, SVG
 * and HTML are drawn from it.
 */
export interface StudyCharts {
  /** Factors of the kernels, ascending. */
  scales: number[];
  /** Median sigma_w at each scale; `null` as a whole if it equals the scale or does not exist. */
  sigmas: number[] | null;
  /** Index of the best scale; `null` if none is healthy. */
  best: number | null;
  /** Rule that fails in most draws at each scale; `null` if at least half of them are healthy. */
  verdicts: (string | null)[];
  /** Heat maps of the layers. */
  maps: HeatMap[];
  /** Delta ratio; `null` if the network is too short for one. */
  ratio: RatioCurve | null;
}

/** Figure of every layer at every scale. */
export interface HeatMap {
  /** Title. */
  title: string;
  /** Layers that have the figure at some scale, the first of the network on top. */
  rows: {
    /** Index of the layer in the network. */
    layer: number;
    /** Its name. */
    name: string;
    /** Median over the draws at each scale; `null` if no draw has the figure. */
    cells: (number | null)[];
  }[];
}

/** Ratio of the first layer's delta to the last layer's. */
export interface RatioCurve {
  /** Name of the first layer. */
  first: string;
  /** Name of the last layer. */
  last: string;
  /** Quartiles over the draws at each scale. */
  measured: (Quartiles | null)[];
  /** Prediction of mean-field theory at each scale. */
  predicted: (number | null)[];
  /** Healthy range. */
  band: { from: number; to: number };
}

const MAPS: readonly { figure: LayerFigureName; title: string }[] = [
  { figure: "meanActivation", title: "activations, mean |a|" },
  { figure: "gradient", title: "gradients, mean |dJ/dkernel|" },
];

/**
 * Builds the charts of a variant.
 *
 * @param variant The variant.
 * @param rules The rules of the study, most severe first.
 */
export function studyCharts(variant: VariantSummary, rules: readonly string[]): StudyCharts {
  const { scales, best } = variant;
  return {
    scales: scales.map(({ scale }) => scale),
    sigmas: sigmasOf(variant),
    best: best === null ? null : scales.findIndex(({ scale }) => scale === best.scale),
    verdicts: scales.map(({ healthy, draws, failed }) => {
      if (2 * healthy >= draws) return null;
      const most = Math.max(...Object.values(failed));
      // If several rules fail equally often, take the most severe.
      return rules.find((name) => failed[name] === most)!;
    }),
    maps: MAPS.map(({ figure, title }) => ({ title, rows: rowsOf(variant, figure) })),
    ratio: ratioOf(variant),
  };
}

function rowsOf({ scales }: VariantSummary, figure: LayerFigureName): HeatMap["rows"] {
  return scales[0].layers.map(({ name }, layer) => ({
    layer,
    name,
    cells: scales.map(({ layers }) => layers[layer]?.figures[figure]?.median ?? null),
    // A layer without a kernel has no gradient at any scale.
  })).filter(({ cells }) => cells.some((cell) => cell !== null));
}

function sigmasOf({ scales }: VariantSummary): number[] | null {
  const sigmas = scales.flatMap(({ sigma, scale }) =>
    sigma === null || sigma === scale ? [] : sigma
  );
  if (sigmas.length < scales.length) return null;
  const isScale = scales.every(({ sigma, scale }) => Math.abs(sigma! / scale - 1) < 0.1);
  return isScale ? null : sigmas;
}

function ratioOf({ scales }: VariantSummary): RatioCurve | null {
  const path = scales[0].layers.filter(({ role, figures }) =>
    role === "hidden" && figures.gradient !== null && figures.deltaNorm !== null
  );
  if (path.length < 2) return null;
  return {
    first: path[0].name,
    last: path[path.length - 1].name,
    measured: scales.map(({ deltaRatio }) => deltaRatio),
    predicted: scales.map(({ predictedRatio }) => predictedRatio),
    band: SIGNAL_BAND,
  };
}
