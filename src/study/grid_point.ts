import type { PointTraining } from "./growth/growth_types.ts";
import type { InitializerName } from "../ground/theory/initializers.ts";
import { showWord } from "../ground/words/show_value.ts";

/** A complete grid; `null` means the model's own. */
export interface ResolvedGrid {
  /** Seeds. */
  seeds: number[];
  /** Activations. */
  activations: (string | null)[];
  /** Initialisers. */
  initializers: (InitializerName | null)[];
  /** Numbers of hidden layers. */
  depths: (number | null)[];
  /** Numbers of units of a hidden layer. */
  widths: (number | null)[];
  /** Scales, ascending. */
  scales: number[];
  /** Factors of the learning rate, ascending; absent unless the study trains at several. */
  rates?: number[];
}

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
  /** Factor of the learning rate; absent unless the study trains at several. */
  rate?: number;
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
  const rate = grid.rates === undefined ? {} : { rate: pick(grid.rates) };
  const scale = pick(grid.scales);
  const width = pick(grid.widths);
  const depth = pick(grid.depths);
  const initializer = pick(grid.initializers);
  const activation = pick(grid.activations);
  const seed = pick(grid.seeds);
  return { index, seed, activation, initializer, depth, width, scale, ...rate };
}

/**
 * Describes a point, for messages: `point 17 (tanh, seed 2, scale 0.1)`. Omits the scale if the grid
 * has only the kernels' own, as that of the command `scale` does.
 */
export function describePoint(
  { index, ...point }: GridPoint,
  { scales }: Pick<ResolvedGrid, "scales">,
): string {
  const words = [
    ...point.activation === null ? [] : [showWord(point.activation)],
    ...point.initializer === null ? [] : [point.initializer],
    ...point.depth === null ? [] : [`depth ${point.depth}`],
    ...point.width === null ? [] : [`width ${point.width}`],
    `seed ${point.seed}`,
    ...scales.length === 1 && point.scale === 1 ? [] : [`scale ${point.scale}`],
    ...point.rate === undefined ? [] : [`rate x ${point.rate}`],
  ];
  return `point ${index} (${words.join(", ")})`;
}

/** Figures of a layer at a point of a study. NaN if any entry was NaN or infinite. */
export interface StudyLayer {
  /** Name of the layer. */
  name: string;
  /** Role; a layer is `output` if no layer with a kernel comes after it. */
  role: "hidden" | "output";
  /** Activation of its outputs, or `null` for none. */
  activation: string | null;
  /** sigma_w: rms of the kernel times the root of the fan-in; `null` without a plain kernel. */
  sigma: number | null;
  /** Mean |dJ/dkernel|, of its first kernel; `null` without one. */
  gradient: number | null;
  /** Mean |delta|, delta = dJ/dz. */
  delta: number | null;
  /** l2 norm of delta. */
  deltaNorm: number | null;
  /** Mean |a|. */
  meanActivation: number | null;
  /** Share of saturated entries; `null` unless the activation is bounded. */
  saturated: number | null;
  /** Share of units that are off for the whole batch; `null` unless the activation is one-sided. */
  dead: number | null;
  /** Share of exact zeros in the kernel's gradient. */
  zeroGradients: number | null;
  /** Share of exact zeros in delta. */
  zeroDeltas: number | null;
  /** Share of exact zeros in a. */
  zeroActivations: number | null;
}

/** Figures of a point of a study. */
export interface StudyPoint extends GridPoint {
  /** Value of J on the batch. */
  objective: number;
  /**
   * l2(delta) of the first hidden layer with a kernel over that of the last: below 1 the signal
   * fades on its way back, above 1 it grows. `null` if it cannot be computed.
   */
  deltaRatio: number | null;
  /** Root mean square of the inputs. */
  inputRms: number;
  /** True if mean-field theory describes the model: dense and convolutional layers in a row. */
  plain: boolean;
  /** True if no rule of the study found an error. */
  healthy: boolean;
  /** Names of the rules that found an error. */
  failed: string[];
  /** Layers in the order of the forward pass. */
  layers: StudyLayer[];
  /** Figures of its training; absent unless the study trains. */
  training?: PointTraining;
}
