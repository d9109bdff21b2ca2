import { showWord } from "../words/show_word.ts";
import type { InitializerName } from "../theory/initializers.ts";
import type { ResolvedGrid } from "./study_grid.ts";

/**
 * Settings from which a model of a study is built, apart from its seed; `null` means the model's
 * own.
 */
export interface StudyVariant {
  /** Activation of the hidden layers. */
  activation: string | null;
  /** Initialiser of the kernels. */
  initializer: InitializerName | null;
  /** Number of hidden layers. */
  depth: number | null;
  /** Number of units of a hidden layer. */
  width: number | null;
}

/** Point of a grid. */
export interface GridPoint extends StudyVariant {
  /** Position in the grid, from 0. */
  index: number;
  /** Seed of the weights and of the batch. */
  seed: number;
  /** Factor by which the kernels are multiplied. */
  scale: number;
}

/** Returns the variants of a grid, in order. */
export function gridVariants(grid: ResolvedGrid): StudyVariant[] {
  return grid.activations.flatMap((activation) =>
    grid.initializers.flatMap((initializer) =>
      grid.depths.flatMap((depth) =>
        grid.widths.map((width) => ({ activation, initializer, depth, width }))
      )
    )
  );
}

/** Counts the points of a grid. */
export function countPoints(grid: ResolvedGrid): number {
  return Object.values(grid).reduce((product, values) => product * values.length, 1);
}

/**
 * Returns the point with an index. Scales vary fastest, so that a model is built once for all of
 * them; seeds vary slowest, so that a shard, which is a run of points, has its share of every
 * variant.
 */
export function gridPoint(grid: ResolvedGrid, index: number): GridPoint {
  let rest = index;
  const pick = <T>(values: readonly T[]): T => {
    const value = values[rest % values.length];
    rest = Math.floor(rest / values.length);
    return value;
  };
  const scale = pick(grid.scales);
  const width = pick(grid.widths);
  const depth = pick(grid.depths);
  const initializer = pick(grid.initializers);
  const activation = pick(grid.activations);
  const seed = pick(grid.seeds);
  return { index, seed, activation, initializer, depth, width, scale };
}

/** Describes a point, for messages: `point 17 (tanh, seed 2, scale 0.1)`. */
export function describePoint({ index, ...point }: GridPoint): string {
  const words = [
    ...point.activation === null ? [] : [showWord(point.activation)],
    ...point.initializer === null ? [] : [point.initializer],
    ...point.depth === null ? [] : [`depth ${point.depth}`],
    ...point.width === null ? [] : [`width ${point.width}`],
    `seed ${point.seed}`,
    `scale ${point.scale}`,
  ];
  return `point ${index} (${words.join(", ")})`;
}
