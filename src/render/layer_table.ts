import type { Finding } from "../checks/finding.ts";
import { recurrentSchemesOf, schemesOf } from "../checks/kernel_schemes.ts";
import { drawnBy } from "../checks/weights_alone.ts";
import { type Network, networkOf } from "../checks/network/network.ts";
import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import type { TensorStatistics } from "../measure/tensor_statistics.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import {
  blockName,
  foldName,
  gravest,
  type LayerFold,
  type LayerGroup,
  severitiesOf,
  worstOf,
} from "./fold_layers.ts";

/** The table of layers in numbers, from which text, SVG and HTML are drawn: a row for each fold. */
export interface LayerRow {
  /** The name of the layer; in a fold, of the worst. */
  name: string;
  /** Its class, and its activation if that is not the class itself: `Dense tanh`. */
  className: string;
  /** How many layers without a kernel share the row. */
  followers: number;
  /** Shape of one example's output; `null` if it varies. */
  shape: readonly number[] | null;
  /** How many numbers its weights hold. */
  parameters: number;
  /** The gravest finding about what the row stands for. */
  mark: "error" | "warning" | null;
  /** The standard deviation of its kernel, and that of the initialiser which fits; `null` without a kernel. */
  kernel: { std: number; target: number | null } | null;
  /** What initialiser the kernel looks drawn by, in a file of weights alone; `null` where that is not known. */
  drawnBy: string | null;
  /** rms of the output. */
  output: Compared;
  /** rms of the gradient at the output before the activation. */
  gradient: Compared;
  /** Share of the entries that are saturated, or `null`. */
  saturated: number | null;
  /** Share of the units that are dead, or `null`. */
  dead: number | null;
  /** Entropy of the rows of an attention, from 0 to 1 where they are uniform; the least of them, or `null`. */
  entropy: number | null;
  /** The layers that the row stands for, where they are more than one block. */
  fold: RowFold | null;
}

/** A figure beside what theory predicts of it. */
export interface Compared {
  /** What was measured; NaN where there are NaN or infinite entries, `null` where nothing was. */
  measured: number | null;
  /** What random weights of that size should give, or `null` where theory says nothing or next to nothing. */
  predicted: number | null;
  /** The noise floor: one standard deviation of the logarithm over draws of the weights. */
  noise: number | null;
}

/** Blocks of layers in one row. */
export interface RowFold {
  /** The first and the last: `block_3 ... block_14`. */
  name: string;
  /** How many blocks. */
  blocks: number;
  /** How many layers each has, at least and at most. */
  layers: [least: number, most: number];
  /** The block that the row shows, or the layer where a block has one. */
  worst: string;
  /** Whether all have the same shapes. */
  sameShapes: boolean;
}

/**
 * The table of layers.
 *
 * @param measurements What was measured.
 * @param findings What the rules found.
 * @param folds The rows, as `foldLayers` made them.
 */
export function layerTable(
  measurements: Measurements,
  findings: readonly Finding[],
  folds: readonly LayerFold[],
): LayerRow[] {
  const network = networkOf(measurements);
  const severities = severitiesOf(findings);
  const targets = targetsOf(network);
  return folds.map((fold) => {
    const { block, group } = worstOf(fold, severities);
    const all = fold.blocks.flat(2);
    return {
      ...rowOf(group, network, targets),
      mark: gravest(all, severities),
      fold: fold.blocks.length === 1 ? null : {
        ...{ name: foldName(fold), blocks: fold.blocks.length, layers: sizesOf(fold) },
        ...{ worst: blockName(block) ?? group[0].name, sameShapes: fold.sameShapes },
      },
    };
  });
}

/** The logarithm of a factor of 100: theory that may be off by more says nothing. */
const MOST_NOISE = Math.log(100);

function sizesOf({ blocks }: LayerFold): [number, number] {
  const sizes = blocks.map((block) => block.flat().length);
  return [Math.min(...sizes), Math.max(...sizes)];
}

function rowOf(
  group: LayerGroup,
  { theory, measurements: { weightsOnly } }: Network,
  targets: ReadonlyMap<LayerMeasurements, NonNullable<LayerRow["kernel"]>>,
): Omit<LayerRow, "mark" | "fold"> {
  // What a row is fed and learns is the first layer's; what it puts out, the last one's.
  const [layer] = group;
  const last = group[group.length - 1];
  const { name, className, activation } = layer;
  const own = layer.weights.find(isKernel);
  const isAlone = weightsOnly !== undefined;
  const isNamed = activation === null || activation === "linear" ||
    className.toLowerCase() === activation.toLowerCase();
  const [above, below] = [theory.figuresOf(last), theory.figuresOf(layer)];
  return {
    name,
    className: isNamed ? className : `${className} ${activation}`,
    followers: group.length - 1,
    shape: last.shape?.slice(1) ?? null,
    parameters: parametersOf(group),
    // Without an activation no initialiser fits.
    kernel: (isAlone ? undefined : targets.get(layer)) ??
      (own === undefined ? null : { std: stdOf(own.values), target: null }),
    drawnBy: isAlone && own !== undefined ? drawnBy(layer, own) : null,
    output: compare(last.activations, above?.activations, above?.doubt.activations),
    gradient: compare(layer.preActivationGradients, below?.deltas, below?.doubt.deltas),
    saturated: largest(group.map(({ saturatedFraction }) => saturatedFraction)),
    dead: largest(group.map(({ deadFraction }) => deadFraction)),
    entropy: smallest(group.map(({ attention }) => attention?.entropy ?? null)),
  };
}

function compare(
  statistics: TensorStatistics | null,
  predicted: number | null = null,
  noise: number | null = null,
): Compared {
  const measured = statistics === null ? null : statistics.nonFinite > 0 ? NaN : statistics.rms;
  const isSaid = measured !== null && predicted !== null && Number.isFinite(predicted) &&
    noise !== null && noise < MOST_NOISE;
  return { measured, predicted: isSaid ? predicted : null, noise: isSaid ? noise : null };
}

/** What each kernel should be drawn with; a recurrent one stands for its layer. */
function targetsOf({ chain, recurrentKernels }: Network) {
  return new Map([
    ...chain.map((kernel) => ({ ...kernel, ...schemesOf(kernel) })),
    ...recurrentKernels.map((kernel) => ({ ...kernel, ...recurrentSchemesOf(kernel) })),
  ].map(({ layer, kernel, target }) => [layer, { std: stdOf(kernel.values), target }]));
}

/** That of the finite entries alone would look healthy. */
function stdOf({ std, nonFinite }: TensorStatistics): number {
  return nonFinite > 0 ? NaN : std;
}

function parametersOf(layers: readonly LayerMeasurements[]): number {
  const sizes = layers.flatMap(({ weights }) => weights.map(({ values }) => values.count));
  return sizes.reduce((sum, size) => sum + size, 0);
}

function smallest(figures: readonly (number | null)[]): number | null {
  const known = figures.filter((figure) => figure !== null);
  return known.length === 0 ? null : Math.min(...known);
}

function largest(shares: readonly (number | null)[]): number | null {
  const known = shares.filter((share) => share !== null);
  return known.length === 0 ? null : Math.max(...known);
}
