import type { Quartiles } from "../study/quartiles.ts";
import type { LayerFigureName, VariantSummary } from "../study/study_summary.ts";
import { SIGNAL_BAND } from "./report_charts.ts";

/**
 * The charts of one variant of a study in numbers, from which text, SVG and HTML are drawn: everything by
 * scale, in the order of the scales.
 */
export interface StudyCharts {
  /** What the kernels were multiplied by, ascending. */
  scales: number[];
  /** Median sigma_w at each scale; `null` as a whole where it is the scale itself, or where there is none. */
  sigmas: number[] | null;
  /** The place of the best scale; `null`: none is healthy. */
  best: number | null;
  /** The rule that fails in most of the draws at each scale; `null` where half of them or more are healthy. */
  verdicts: (string | null)[];
  /** What the scale does to every layer. */
  maps: HeatMap[];
  /** What it does to the signal on its way back; `null` where the network has no way to speak of. */
  ratio: RatioCurve | null;
}

/** A figure of every layer at every scale. */
export interface HeatMap {
  /** What it is. */
  title: string;
  /** The layers that have the figure at some scale: the first of the network on top. */
  rows: {
    /** The place of the layer in the network. */
    layer: number;
    /** Its name. */
    name: string;
    /** The median over the draws at each scale; `null` where no draw has the figure. */
    cells: (number | null)[];
  }[];
}

/** The delta of the first layer over that of the last. */
export interface RatioCurve {
  /** Name of the first layer. */
  first: string;
  /** Name of the last layer. */
  last: string;
  /** Quartiles over the draws at each scale. */
  measured: (Quartiles | null)[];
  /** What mean-field theory says at each scale. */
  predicted: (number | null)[];
  /** Between which values it is healthy. */
  band: { from: number; to: number };
}

const MAPS: readonly { figure: LayerFigureName; title: string }[] = [
  { figure: "meanActivation", title: "activations, mean |a|" },
  { figure: "gradient", title: "gradients, mean |dJ/dkernel|" },
];

/**
 * The charts of a variant.
 *
 * @param variant The variant.
 * @param rules The rules of the study, the gravest first.
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
      // Of several rules that fail alike, the gravest.
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
