import { mean } from "../../theory/statistics.ts";
import { FLAT_SLOPE, STEEP_SLOPE } from "../../gate/gate_rules.ts";
import type { AxisGrowth, GrowthLevel, GrowthSlope, LayerGrowth } from "./growth_types.ts";

const LEVELS: readonly GrowthLevel[] = ["flat", "warning", "error"];
/** Quantiles at 97.5 % of Student's t, from one degree of freedom on. */
const T_QUANTILES = [12.71, 4.3, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26];

/** Quantile for many degrees of freedom. */
const NORMAL_QUANTILE = 1.96;

/** Size of a sibling and a figure of it. */
export type SizedFigure = readonly [size: number, figure: number];

/**
 * Returns the slope of log2 figure over log2 size by least squares.
 *
 * @returns `null` if a figure is 0, since nothing was measured then; infinity if one is not finite.
 */
export function slopeOf(figures: readonly SizedFigure[]): number | null {
  if (figures.length < 2 || figures.some(([, figure]) => figure === 0)) return null;
  if (figures.some(([, figure]) => !Number.isFinite(figure))) return Infinity;
  const points = figures.map(([size, figure]) => [Math.log2(size), Math.log2(figure)]);
  const [x, y] = [0, 1].map((i) => mean(points.map((point) => point[i])));
  let products = 0, squares = 0;
  for (const point of points) {
    products += (point[0] - x) * (point[1] - y);
    squares += (point[0] - x) ** 2;
  }
  return products / squares;
}

/** Returns the mean of slopes over seeds with its 95 % interval; `null` if a seed has none. */
export function acrossSeedsOf(slopes: readonly (number | null)[]): GrowthSlope | null {
  const known = slopes.filter((slope) => slope !== null);
  if (known.length === 0 || known.length < slopes.length) return null;
  const value = mean(known);
  if (!Number.isFinite(value)) return { value: Infinity, half: null };
  if (known.length === 1) return { value, half: null };
  const freedom = known.length - 1;
  const variance = known.reduce((sum, slope) => sum + (slope - value) ** 2, 0) / freedom;
  const quantile = T_QUANTILES[freedom - 1] ?? NORMAL_QUANTILE;
  return { value, half: quantile * Math.sqrt(variance / known.length) };
}

/** Judges a slope. */
export function levelOf(slope: number): GrowthLevel {
  const steepness = Math.abs(slope);
  if (steepness <= FLAT_SLOPE) return "flat";
  return steepness <= STEEP_SLOPE ? "warning" : "error";
}

/** Returns the worst of some judgements. */
export function worstOf(levels: readonly GrowthLevel[]): GrowthLevel {
  return LEVELS[Math.max(0, ...levels.map((level) => LEVELS.indexOf(level)))];
}

/** Returns the layers that are judged. */
export function judgedLayers({ layers }: { layers: readonly LayerGrowth[] }): LayerGrowth[] {
  return layers.filter(({ repeats }) => !repeats);
}

/** Returns the largest |slope| along an axis that the judgement counts. */
export function steepestSlope({ layers }: AxisGrowth): number {
  return Math.abs(steepestLayer(layers)?.slope ?? 0);
}

/** Returns the judged layer of the largest |slope|; `null` if nothing is judged. */
export function steepestLayer(
  layers: readonly LayerGrowth[],
): { layer: string; slope: number } | null {
  const slopes = judgedLayers({ layers }).flatMap(({ name, size, change, role }) =>
    [size, change].flatMap((slope) =>
      slope === null || role === "output" && slope.value < 0
        ? []
        : [{ layer: name, slope: slope.value }]
    )
  );
  return slopes.reduce<typeof slopes[number] | null>(
    (a, b) => a === null || Math.abs(b.slope) > Math.abs(a.slope) ? b : a,
    null,
  );
}
