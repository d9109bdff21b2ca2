import type { StudyVariant } from "./grid_point.ts";
import type { ResolvedGrid } from "./study_grid.ts";
import { studyRules } from "./study_rules.ts";
import type { ScaleSummary, VariantSummary } from "./study_summary.ts";

/** A scale is healthy if at least this share of its draws is. */
const MAJORITY = 0.5;

/** Finds the band, the best scale and what goes wrong beside it. */
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
    trouble: {
      below: troubleOf(scales.slice(0, first)),
      above: troubleOf(scales.slice(last + 1)),
    },
  };
}

/** How far the delta ratio is from 1, in powers of e. */
function imbalance({ deltaRatio }: ScaleSummary): number {
  const off = Math.abs(Math.log(deltaRatio?.median ?? NaN));
  return Number.isNaN(off) ? Infinity : off;
}

/** Where no draw has a ratio, as of a single hidden layer, all that are healthy are as good: the middle. */
function bestOf(healthy: ScaleSummary[]): ScaleSummary | null {
  const share = ({ healthy, draws }: ScaleSummary) => healthy / draws;
  const most = Math.max(...healthy.map(share));
  const best = healthy.filter((scale) => share(scale) === most);
  if (best.length === 0) return null;
  const nearest = best.reduce((a, b) => imbalance(b) < imbalance(a) ? b : a);
  return imbalance(nearest) < Infinity ? nearest : best[(best.length - 1) >> 1];
}

/** Where the ratio passes 1, by its logarithm over that of the scale; of several places the nearest. */
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

/** The rules that half of the draws or more fail there, the gravest first. */
function troubleOf(scales: ScaleSummary[]): string[] {
  const draws = scales.reduce((sum, scale) => sum + scale.draws, 0);
  const known = studyRules().map(({ name }) => name);
  // A rule that is not known here was registered where the study ran.
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
