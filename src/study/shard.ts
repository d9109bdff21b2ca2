import { InputError } from "../words/input_error.ts";
import type { Shard } from "./study_header.ts";
import { countPoints, type ResolvedGrid } from "./grid_point.ts";
import { anyObject, nullable, requireValue } from "../words/shape.ts";
import { gridShape } from "./study_document.ts";
import { showValue } from "../words/show_value.ts";

/**
 * Returns the points of a shard: from `from` to below `to`. Together the shards cover every point
 * once, and their sizes differ by at most one point.
 *
 * @param grid The grid.
 * @param shard The part, or `null` for all points.
 * @throws {InputError} If the part does not exist.
 * @returns The index of the first point, and the index after the last.
 *
 * @example Seven points in three parts
 * ```ts
 * import { resolveGrid, shardRange } from "@gradient-health/gradient-health/study";
 * import { assertEquals } from "@std/assert";
 *
 * const grid = resolveGrid({ scales: [1, 2, 3, 4, 5, 6, 7] });
 * const parts = [1, 2, 3].map((index) => shardRange(grid, { index, count: 3 }));
 * assertEquals(parts.map(({ from, to }) => to - from).sort(), [2, 2, 3]);
 * ```
 */
export function shardRange(grid: ResolvedGrid, shard: Shard | null): { from: number; to: number } {
  requireValue("grid", grid, gridShape);
  requireValue("shard", shard, nullable(anyObject));
  const total = countPoints(grid);
  if (shard === null) return { from: 0, to: total };
  const { index, count } = shard;
  const sound = Number.isSafeInteger(index) && Number.isSafeInteger(count) && index >= 1 &&
    index <= count;
  if (!sound) {
    throw new InputError({
      place: "shard",
      found: `${showValue(index)}/${showValue(count)}`,
      expected: "whole numbers i/n with 1 <= i <= n",
    });
  }
  const cut = (i: number) => Number(BigInt(total) * BigInt(i) / BigInt(count));
  return { from: cut(index - 1), to: cut(index) };
}
