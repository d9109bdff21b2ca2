import type { StudyPoint } from "../grid_point.ts";
import type { RateTransfer } from "./growth_summary.ts";
import type { GrowthAxis } from "./growth_types.ts";
import { acrossSeedsOf, levelOf, mean, type SizedFigure, slopeOf } from "./slopes.ts";

/** Siblings whose points differ in size and rate. */
interface RatedSiblings {
  axis: GrowthAxis;
  sizes: readonly number[];
  at: number | null;
  /** The points of every seed. */
  draws: readonly StudyPoint[][];
}

/** Returns how the best rate moves with the size: that of all weights, and of embeddings alone. */
export function rateTransfers({ axis, sizes, at, draws }: RatedSiblings): RateTransfer[] {
  const kinds = [
    { of: "all", loss: ({ training }: StudyPoint) => training!.losses.at(-1)! },
    { of: "embedding", loss: ({ training }: StudyPoint) => training!.embeddingLoss },
  ] as const;
  return kinds.flatMap(({ of, loss }): RateTransfer[] => {
    if (loss(draws[0][0]) === null) return [];
    const bests = draws.map((draw) =>
      sizes.map((size) =>
        bestRate(
          draw.filter((point) => point[axis] === size)
            .map((point) => [point.rate!, loss(point)!] as const),
        )
      )
    );
    const slope = acrossSeedsOf(
      bests.map((best) => slopeOf(best.map(({ rate }, i) => [sizes[i], rate] as const))),
    )!;
    return [{
      of,
      axis,
      sizes: [...sizes],
      at,
      best: sizes.map((_, i) => 2 ** mean(bests.map((best) => Math.log2(best[i].rate)))),
      slope,
      atEdge: bests.some((best) => best.some(({ atEdge }) => atEdge)),
      level: levelOf(slope.value),
    }];
  });
}

/**
 * Returns the rate of the least loss: between the rates that were tried, the lowest point of the
 * parabola through the best of them and its neighbours, over the logarithms of rate and loss.
 */
function bestRate(tried: readonly SizedFigure[]): { rate: number; atEdge: boolean } {
  const points = tried.map(([rate, loss]) => ({
    x: Math.log2(rate),
    // A loss that diverged is worse than any other.
    y: Number.isFinite(loss) && loss > 0 ? Math.log2(loss) : Infinity,
  })).toSorted((a, b) => a.x - b.x);
  const lowest = points.reduce((best, { y }, i) => y < points[best].y ? i : best, 0);
  const middle = points[lowest];
  if (lowest === 0 || lowest === points.length - 1) return { rate: 2 ** middle.x, atEdge: true };
  const below = points[lowest - 1];
  const above = points[lowest + 1];
  // Towards a loss that diverged, as far as towards one that is twice as high on both sides.
  const left = Math.min(below.y - middle.y, 10);
  const right = Math.min(above.y - middle.y, 10);
  const shift = left + right === 0 ? 0 : (left - right) / (left + right) / 2;
  return { rate: 2 ** (middle.x + shift * (above.x - below.x) / 2), atEdge: false };
}
