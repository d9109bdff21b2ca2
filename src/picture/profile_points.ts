import { type Chart, type ChartBar, hasBar } from "../render/chart_model.ts";

/**
 * Point of a profile over depth: a layer, or several neighbours if there are too many to show each.
 */
export interface ProfilePoint {
  /**
   * Place in the forward pass, from 0, of the layer or of the one that represents its neighbours.
   */
  place: number;
  /** Bar of that layer. */
  bar: ChartBar;
  /** Number of layers that the point represents. */
  layers: number;
  /** Places of the first and the last of these layers. */
  from: number;
  to: number;
  /** Gravest finding about any of them. */
  mark: ChartBar["mark"];
  /** Range of their positions on the axis; `null` if none has one. */
  span: { from: number; to: number } | null;
}

/**
 * Returns at most `most` points of a profile: of neighbours that share a point, it shows the one
 * with the gravest finding, and of several such the one with the smallest value. A layer without a
 * value has no point, unless the value is NaN or infinite.
 *
 * @param chart A chart in which each layer has its own bar.
 * @param most Number of points that there is room for.
 */
export function profilePoints({ bars }: Pick<Chart, "bars">, most: number): ProfilePoint[] {
  const known = bars.filter(({ value }) => value !== null);
  const size = Math.max(1, Math.ceil(known.length / most));
  return Array.from({ length: Math.ceil(known.length / size) }, (_, i) => {
    const group = known.slice(i * size, (i + 1) * size);
    const bar = group.reduce((worst, next) => rank(next) > rank(worst) ? next : worst);
    const positions = group.flatMap(({ position }) => position ?? []);
    return {
      place: bar.row,
      bar,
      layers: group.length,
      mark: bar.mark,
      from: group[0].row,
      to: group[group.length - 1].row,
      span: positions.length === 0
        ? null
        : { from: Math.min(...positions), to: Math.max(...positions) },
    };
  });
}

const GRAVITY = { error: 20, warning: 10 };

/** Ranks a bar by how much it stands out: findings first, then NaN, then the smallest value. */
function rank({ mark, value, position }: ChartBar): number {
  const grave = mark === null ? 0 : GRAVITY[mark];
  if (!hasBar(value)) return grave + (value === 0 ? 2 : 3);
  return grave + 1 - (position ?? 0);
}
