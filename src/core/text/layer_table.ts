import type {
  LayerMeasurements,
  LineCounts,
  Measurements,
  TensorStatistics,
  WeightMeasurements,
  WholeTensor,
} from "../measure/measurements.ts";
import type { Finding } from "../rules/finding.ts";
import { type Network, networkOf } from "../rules/network/network.ts";
import { recurrentSchemesOf, schemesOf } from "../rules/weights/kernel_scale.ts";
import { drawnBy } from "../rules/weights/weights_alone.ts";
import { isKernel } from "../../ground/theory/weight_kinds.ts";
import { formatCount, formatShare, formatWhole } from "../../ground/words/numbers.ts";
import { escapeControls } from "../../ground/words/show_value.ts";
import { cutMiddle, wrapText } from "./fit_text.ts";
import {
  blockName,
  foldName,
  gravest,
  type LayerFold,
  type LayerGroup,
  severitiesOf,
  worstOf,
} from "./fold_layers.ts";

/** Figures of a layer in charts and tables. */
export type LayerFigure = "gradient" | "activation" | "kernel" | "saturated" | "dead" | "entropy";

/** Figures that the rules judge: where a layer is marked for a rule, its figure is the wrong one. */
export const FIGURE_OF_RULE: Readonly<Record<string, LayerFigure>> = {
  "gradients-flow": "gradient",
  "vanishing-gradients": "gradient",
  "exploding-gradients": "gradient",
  "gradient-ratio": "gradient",
  "gradient-balance": "gradient",
  "activation-scale": "activation",
  "init-scale": "kernel",
  "saturated-activations": "saturated",
  "dead-units": "dead",
  attention: "entropy",
};

/** Returns the severity of the findings about a figure, by layer. */
export function wrongLayers(
  findings: readonly Finding[],
  ...figures: readonly LayerFigure[]
): Map<string, "error" | "warning"> {
  return severitiesOf(findings.filter(({ rule }) => figures.includes(FIGURE_OF_RULE[rule])));
}

/** Row of the table of layers, one per fold. Text, SVG and HTML are drawn from it. */
export interface LayerRow {
  /** Name of the layer; for a fold, of its worst layer. */
  name: string;
  /** Class, and the activation if that is not the class itself: `Dense tanh`. */
  className: string;
  /** Number of layers without a kernel that share the row. */
  followers: number;
  /** Shape of one example's output; `null` if it varies. */
  shape: readonly number[] | null;
  /** Number of parameters. */
  parameters: number;
  /** Highest severity of the findings about these layers. */
  mark: "error" | "warning" | null;
  /**
   * Standard deviation of the kernel, and that of a fitting initialiser; `null` without a kernel.
   */
  kernel: { std: number; target: number | null } | null;
  /** Half the 95 % interval of that deviation, relative to it; `null` unless it is of a sample. */
  within: number | null;
  /**
   * Initialiser with which the kernel seems to be drawn, in a file of weights alone; `null` if
   * unknown.
   */
  drawnBy: string | null;
  /** Names of the rules that the row is marked for. */
  rules: readonly string[];
  /** Severity of the findings about each figure. */
  wrong: Readonly<Partial<Record<LayerFigure, "error" | "warning">>>;
  /** rms of the output. */
  output: Compared;
  /** rms of the gradient at the output before the activation. */
  gradient: Compared;
  /** Share of saturated entries, or `null`. */
  saturated: number | null;
  /** Share of dead units, or `null`. */
  dead: number | null;
  /** Lowest entropy of the rows of an attention, from 0 to 1 (uniform), or `null`. */
  entropy: number | null;
  /** Layers in the row, if it has more than one block. */
  fold: RowFold | null;
}

/** Figure next to its prediction by theory. */
export interface Compared {
  /** Measured value; NaN if there are NaN or infinite entries, `null` if there is none. */
  measured: number | null;
  /**
   * Value expected of random weights of that size, or `null` if theory predicts little or nothing.
   */
  predicted: number | null;
  /** Noise floor: one standard deviation of the logarithm over draws of the weights. */
  noise: number | null;
}

/** Blocks of layers in one row. */
export interface RowFold {
  /** Name of the first and the last: `block_3 ... block_14`. */
  name: string;
  /** Number of blocks. */
  blocks: number;
  /** Smallest and largest number of layers in a block. */
  layers: [least: number, most: number];
  /** Block that the row shows; its layer if blocks have one layer each. */
  worst: string;
  /** True if all have the same shapes. */
  sameShapes: boolean;
}

/**
 * Builds the table of layers.
 *
 * @param folds The rows from `foldLayers`.
 */
export function layerTable(
  measurements: Measurements,
  findings: readonly Finding[],
  folds: readonly LayerFold[],
): LayerRow[] {
  const network = networkOf(measurements);
  const severities = severitiesOf(findings);
  const about = findingsByLayer(findings);
  const targets = targetsOf(network);
  const figures = [...new Set(Object.values(FIGURE_OF_RULE))]
    .map((figure) => [figure, wrongLayers(findings, figure)] as const);
  return folds.map((fold) => {
    const { block, group } = worstOf(fold, severities);
    const all = fold.blocks.flat(2);
    const mark = gravest(all, severities);
    return {
      ...rowOf(group, network, targets),
      mark,
      // Those about the layer that the row shows come first.
      rules: [
        ...new Set([group, all].flatMap((layers) => rulesOf(layers, mark, { findings, about }))),
      ],
      wrong: Object.fromEntries(
        figures.map(([figure, severities]) => [figure, gravest(all, severities)])
          .filter(([, severity]) => severity !== null),
      ),
      fold: fold.blocks.length === 1 ? null : {
        name: foldName(fold),
        blocks: fold.blocks.length,
        layers: sizesOf(fold),
        worst: blockName(block) ?? group[0].name,
        sameShapes: fold.sameShapes,
      },
    };
  });
}

/** Logarithm of a factor of 100: less certain predictions are not shown. */
const MOST_NOISE = Math.log(100);

/** Returns the places of the findings about each layer, by its name. */
function findingsByLayer(findings: readonly Finding[]): Map<string, number[]> {
  const about = new Map<string, number[]>();
  for (const [place, { layer, layers }] of findings.entries()) {
    for (const name of layers ?? [layer ?? ""]) {
      const others = about.get(name);
      if (others === undefined) about.set(name, [place]);
      else others.push(place);
    }
  }
  return about;
}

/** Returns the rules that found something of a severity about some of the layers. */
function rulesOf(
  layers: readonly LayerMeasurements[],
  severity: LayerRow["mark"],
  { findings, about }: {
    findings: readonly Finding[];
    about: ReadonlyMap<string, readonly number[]>;
  },
): string[] {
  const places = [...new Set(layers.flatMap(({ name }) => about.get(name) ?? []))];
  const found = places.sort((a, b) => a - b).map((place) => findings[place]);
  return [...new Set(found.filter((one) => one.severity === severity).map(({ rule }) => rule))];
}

function sizesOf({ blocks }: LayerFold): [number, number] {
  const sizes = blocks.map((block) => block.flat().length);
  return [Math.min(...sizes), Math.max(...sizes)];
}

function rowOf(
  group: LayerGroup,
  { theory, measurements: { weightsOnly } }: Network,
  targets: ReadonlyMap<LayerMeasurements, NonNullable<LayerRow["kernel"]>>,
): Omit<LayerRow, "mark" | "rules" | "wrong" | "fold"> {
  // Input and gradients come from the first layer, the output from the last.
  const [layer] = group;
  const last = group[group.length - 1];
  const { name } = layer;
  const own = layer.weights.find(isKernel);
  const isAlone = weightsOnly !== undefined;
  const above = theory.figuresOf(last);
  const below = theory.figuresOf(layer);
  return {
    name,
    className: classOf(layer),
    followers: group.length - 1,
    shape: last.shape?.slice(1) ?? null,
    parameters: parametersOf(group),
    // Without an activation there is no fitting initialiser.
    kernel: (isAlone ? undefined : targets.get(layer)) ??
      (own === undefined ? null : { std: stdOf(own.values), target: null }),
    within: own === undefined ? null : withinOf(own),
    drawnBy: isAlone && own !== undefined ? drawnBy(layer, own) : null,
    output: compare(last.activations, above?.activations, above?.doubt.activations),
    gradient: compare(layer.preActivationGradients, below?.deltas, below?.doubt.deltas),
    saturated: largest(group.map(({ saturatedFraction }) => saturatedFraction)),
    dead: largest(group.map(({ deadFraction }) => deadFraction)),
    entropy: smallest(group.map(({ attention }) => attention?.entropy ?? null)),
  };
}

/** Returns the class of a layer and its activation; of a part of a cell the activation, since its layer's row has the class. */
function classOf({ kind, className, activation }: LayerMeasurements): string {
  if (activation === null) return className;
  if (kind === "cell") return activation;
  const isNamed = activation === "linear" || className.toLowerCase() === activation.toLowerCase();
  return isNamed ? className : `${className} ${activation}`;
}

/** Returns the rms of a tensor's finite entries; NaN if it has others. */
function rmsOf({ nonFinite, rms }: TensorStatistics): number {
  return nonFinite > 0 ? NaN : rms;
}

function compare(
  statistics: TensorStatistics | null,
  predicted: number | null = null,
  noise: number | null = null,
): Compared {
  const measured = statistics === null ? null : rmsOf(statistics);
  const isSaid = measured !== null && predicted !== null && Number.isFinite(predicted) &&
    noise !== null && noise < MOST_NOISE;
  return { measured, predicted: isSaid ? predicted : null, noise: isSaid ? noise : null };
}

/**
 * Returns the standard deviation that fits each layer's kernel; a recurrent layer has only its
 * recurrent one.
 */
function targetsOf({ chain, recurrentKernels }: Network) {
  return new Map([
    ...chain.map((kernel) => ({ ...kernel, ...schemesOf(kernel) })),
    ...recurrentKernels.map((kernel) => ({ ...kernel, ...recurrentSchemesOf(kernel) })),
  ].map(({ layer, kernel, target }) => [layer, { std: stdOf(kernel.values), target }]));
}

function withinOf({ values: { std }, sample }: WeightMeasurements): number | null {
  if (sample === undefined || sample.std === null || std === 0) return null;
  const [least, most] = sample.std;
  return (most - least) / 2 / std;
}

/** The deviation of the finite entries alone would look healthy. */
function stdOf({ std, nonFinite }: TensorStatistics): number {
  return nonFinite > 0 ? NaN : std;
}

function parametersOf(layers: readonly LayerMeasurements[]): number {
  const sizes = layers.flatMap(({ weights }) =>
    weights.map(({ values, sample }) => sample?.of ?? values.count)
  );
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

/** Words on a tensor of whole numbers; text and HTML are drawn from them. */
interface WholeWords {
  name: string;
  /** Type and shape: `int8 [64, 48]`. */
  type: string;
  /** Range: `-127 to 127`. */
  range: string;
  zeros: string;
  /** Rows, columns and units that carry nothing of their own; empty if there are none. */
  alike: string;
}

/** Largest number of tensors in words: those with the most entries. */
const MAX_TENSORS = 12;

/**
 * Describes the tensors of whole numbers in a file, the largest first, and the number left out.
 * Only the first of equal ones, such as the counters of batches, is described.
 */
export function wholeWords(
  { weightsOnly }: Measurements,
): { title: string; tensors: WholeWords[]; more: number } | null {
  const all = weightsOnly?.wholeNumbers ?? [];
  if (all.length === 0) return null;
  const sizeOf = ({ shape }: WholeTensor) => shape.reduce((product, size) => product * size, 1);
  const sorted = all.toSorted((a, b) => sizeOf(b) - sizeOf(a)).map(wordsOn);
  const groups = Map.groupBy(
    sorted,
    ({ name, ...words }) => JSON.stringify({ ...words, own: /[^./]*$/.exec(name)![0] }),
  );
  const shown = [...groups.values()].slice(0, MAX_TENSORS);
  const tensors = shown.map(([first, ...others]) => ({
    ...first,
    type: others.length === 0 ? first.type : `${first.type}, one of ${others.length + 1} alike`,
  }));
  const title = `Whole numbers: ${formatCount(all.length, "tensor")}`;
  return { title, tensors, more: all.length - shown.flat().length };
}

function wordsOn({ name, type, shape, range, values, alike, layer }: WholeTensor): WholeWords {
  const [least, largest] = range.map((x) => typeof x === "number" ? formatWhole(x) : x);
  return {
    name: escapeControls(name),
    type: `${type} [${shape.join(", ")}]${layer === undefined ? "" : ", a kernel"}`,
    range: least === largest ? least : `${least} to ${largest}`,
    zeros: formatShare(values.zeroFraction),
    alike: alike === undefined
      ? ""
      : [...linesIn(alike.rows, "row"), ...linesIn(alike.columns, "column")].join(", "),
  };
}

function linesIn(lines: LineCounts, noun: string): string[] {
  return (["zero", "constant", "repeated"] as const).filter((kind) => lines[kind] > 0)
    .map((kind) => formatCount(lines[kind], `${kind} ${noun}`));
}

/** Describes the contents of a file besides weights, one paragraph per tensor of whole numbers. */
export function renderWholeNumbers(
  measurements: Measurements,
  { width, ellipsis }: { width: number; ellipsis: string },
): string[] {
  const words = wholeWords(measurements);
  if (words === null) return [];
  const { title, tensors, more } = words;
  return [
    title,
    ...tensors.flatMap(({ name, type, range, zeros, alike }) =>
      wrapText(
        `${
          cutMiddle(name, Math.floor(width / 2), { ellipsis })
        }: ${type}, ${range}, ${zeros} zeros${alike === "" ? "" : `, ${alike}`}`,
        width,
        "  ",
        "    ",
      )
    ),
    ...more > 0 ? [`  and ${more} more: --format json`] : [],
    "",
  ];
}
