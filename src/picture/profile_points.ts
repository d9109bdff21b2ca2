import { type Chart, type ChartBar, hasBar } from "../render/chart_model.ts";

/** A point of a profile over depth: a layer, or several neighbours where there are too many to be told apart. */
export interface ProfilePoint {
  /** Where in the forward pass the layer, or the one that stands for its neighbours, comes, from 0. */
  place: number;
  /** The bar of that layer. */
  bar: ChartBar;
  /** How many layers the point stands for. */
  layers: number;
  /** The places of the first and the last of them. */
  from: number;
  to: number;
  /** The gravest finding about any of them. */
  mark: ChartBar["mark"];
  /** Between which positions on the axis they lie; `null` where none has any. */
  span: { from: number; to: number } | null;
}

/**
 * The points of a profile, at most so many: of neighbours that share one, the gravest stands for all, and of those
 * the one with the smallest value. A layer without a value has none, unless it is NaN or infinite.
 *
 * @param chart A chart in which each layer has a bar of its own.
 * @param most How many points there is room for.
 */
export function profilePoints({ bars }: Pick<Chart, "bars">, most: number): ProfilePoint[] {
  const known = bars.filter(({ value }) => value !== null);
  const size = Math.max(1, Math.ceil(known.length / most));
  return Array.from({ length: Math.ceil(known.length / size) }, (_, i) => {
    const group = known.slice(i * size, (i + 1) * size);
    const bar = group.reduce((worst, next) => rank(next) > rank(worst) ? next : worst);
    const positions = group.flatMap(({ position }) => position ?? []);
    return {
      ...{ place: bar.row, bar, layers: group.length, mark: bar.mark },
      ...{ from: group[0].row, to: group[group.length - 1].row },
      span: positions.length === 0
        ? null
        : { from: Math.min(...positions), to: Math.max(...positions) },
    };
  });
}

/** What stands out most is largest: findings first, then NaN, then the smallest value. */
function rank({ mark, value, position }: ChartBar): number {
  const grave = mark === "error" ? 20 : mark === "warning" ? 10 : 0;
  if (!hasBar(value)) return grave + (value === 0 ? 2 : 3);
  return grave + 1 - (position ?? 0);
}
