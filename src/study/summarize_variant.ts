import type { ResolvedGrid, StudyVariant } from "./grid_point.ts";
import { studyRules } from "./study_options.ts";
import type { ScaleSummary, VariantSummary } from "./study_summary.ts";

/** Smallest share of healthy draws at a healthy scale. */
const MAJORITY = 0.5;

/** Finds the band, the best scale and the rules that fail outside the band. */
export function summarizeVariant(
  variant: StudyVariant,
  grid: ResolvedGrid,
  scales: ScaleSummary[],
): VariantSummary {
  const isHealthy = ({ healthy, draws }: ScaleSummary) => healthy >= MAJORITY * draws;
  const best = bestOf(scales.filter(isHealthy));
  const pivot = best ?? scales.reduce((a, b) => imbalance(b) < imbalance(a) ? b : a);
  let first = scales.indexOf(pivot);
  let last = first;
  if (best !== null) {
    while (first > 0 && isHealthy(scales[first - 1])) first--;
    while (last < scales.length - 1 && isHealthy(scales[last + 1])) last++;
  }
  const edge = (inner: number, outer: number) =>
    Math.sqrt(scales[inner].scale * (scales[outer] ?? scales[inner]).scale);
  return {
    ...variant,
    label: labelOf(variant, grid),
    scales,
    best,
    band: best === null ? null : { from: edge(first, first - 1), to: edge(last, last + 1) },
    balanced: balancedScale(scales, best),
    trouble: { below: troubleOf(scales.slice(0, first)), above: troubleOf(scales.slice(last + 1)) },
  };
}

/** Returns the distance of the delta ratio from 1, in powers of e. */
function imbalance({ deltaRatio }: ScaleSummary): number {
  const off = Math.abs(Math.log(deltaRatio?.median ?? NaN));
  return Number.isNaN(off) ? Infinity : off;
}

/**
 * Returns the best healthy scale. If no draw has a ratio, as with a single hidden layer, it is the
 * middle one.
 */
function bestOf(healthy: ScaleSummary[]): ScaleSummary | null {
  const share = ({ healthy, draws }: ScaleSummary) => healthy / draws;
  const most = Math.max(...healthy.map(share));
  const best = healthy.filter((scale) => share(scale) === most);
  if (best.length === 0) return null;
  const nearest = best.reduce((a, b) => imbalance(b) < imbalance(a) ? b : a);
  return imbalance(nearest) < Infinity ? nearest : best[(best.length - 1) >> 1];
}

/**
 * Returns the scale at which the ratio crosses 1, interpolated by logarithms; if there are several,
 * the one nearest to the best scale.
 */
function balancedScale(scales: ScaleSummary[], best: ScaleSummary | null): number | null {
  const crossings = scales.slice(1).flatMap((above, i) => {
    const below = scales[i];
    const [low, high] = [below, above].map(({ deltaRatio }) => Math.log(deltaRatio?.median ?? NaN));
    if (!Number.isFinite(low) || !Number.isFinite(high) || low === high) return [];
    if (Math.sign(low) === Math.sign(high)) return [];
    const part = low / (low - high);
    return [below.scale ** (1 - part) * above.scale ** part];
  });
  const off = (scale: number) => Math.abs(Math.log(scale / (best?.scale ?? 1)));
  return crossings.length === 0 ? null : crossings.reduce((a, b) => off(b) < off(a) ? b : a);
}

/** Returns the rules that half of the draws or more fail at these scales, the gravest first. */
function troubleOf(scales: ScaleSummary[]): string[] {
  const draws = scales.reduce((sum, scale) => sum + scale.draws, 0);
  const known = studyRules().map(({ name }) => name);
  // An unknown rule was registered in the process that ran the study.
  const others = scales.flatMap(({ failed }) => Object.keys(failed));
  return [...new Set([...known, ...others])].filter((rule) => {
    const failed = scales.reduce((sum, scale) => sum + (scale.failed[rule] ?? 0), 0);
    return draws > 0 && failed >= MAJORITY * draws;
  });
}

function labelOf({ activation, initializer, depth, width }: StudyVariant, grid: ResolvedGrid) {
  const words = [
    ...activation === null ? [] : [activation],
    ...initializer === null || grid.initializers.length === 1 ? [] : [initializer],
    ...depth === null || grid.depths.length === 1 ? [] : [`depth ${depth}`],
    ...width === null || grid.widths.length === 1 ? [] : [`width ${width}`],
  ];
  return words.join(", ") || "model";
}
