import type { LayerMeasurements, Measurements, TensorStatistics } from "../measure/measurements.ts";
import { networkOf } from "../rules/network/network.ts";
import { measurementsShape } from "../rules/require_measurements.ts";
import { type Change, sayChanges } from "../rules/say_changes.ts";
import { isKernel } from "../../ground/theory/weight_kinds.ts";
import { formatCount, formatFactor, formatNumber } from "../../ground/words/numbers.ts";
import { type Overview, withOverview } from "../../ground/words/overview.ts";
import { requireValue } from "../../ground/words/shape.ts";
import { type LayerPair, matchLayers } from "./match_layers.ts";

/**
 * Standard deviations by which two healthy draws may differ: exceeded by 1 in 16,000 normal
 * variables.
 */
const DEVIATIONS = 4;
/** A change below 1 % is irrelevant; other machines alone change figures by 4e-7. */
const MIN_CHANGE = 0.01;

/** Amount by which a layer's figures may differ between draws of the same network. */
export interface Chance {
  /** Factor of the std of the kernel. */
  kernel: number;
  /** Factor of the mean |gradient| of the kernel. */
  gradient: number;
  /** Factor of the mean |a|. */
  activation: number;
  /** Factor of the mean |delta|. */
  delta: number;
  /** Returns the absolute difference of a share whose average is `share`. */
  shareAt(share: number): number;
}

/**
 * Returns the differences between two runs that chance explains; none if both have the same weights
 * and the same batch. Otherwise:
 *
 * - The std of n normal numbers has a relative error of 1 / sqrt(2 n), less for other initialisers.
 *   So two draws differ by a factor of exp(4 / sqrt(n)) at most: 1.22 for a kernel of 20 by 20,
 *   1.01 for one of 400 by 400.
 * - The uncertainty of a and delta is what theory predicts over draws of the weights (`doubt` of a
 *   prediction); a gradient combines that of delta and of the input, its two factors. With a loss,
 *   the gradient at the outputs is as uncertain as they are. Without a prediction, a layer of n
 *   units adds the 1 / sqrt(2 n) of a linear layer to the uncertainty of its input.
 * - If the batches differ, a also has the sampling error of its entries, and a gradient, a sum
 *   over m examples, another 1 / sqrt(2 m).
 * - The share of n units has the standard deviation sqrt(p (1 - p) / n).
 *
 * Checked against 28 pairs of 8 draws each of the exercise network with Glorot initialisation, a
 * tanh network of five layers and the digits example: the differences of kernels, gradients,
 * activations and deltas have an rms of 0.4 to 1.2 of the standard deviations given here, and none
 * of 2,604 figures is off by more than 3.3.
 */
export function chanceOf(
  before: Measurements,
  after: Measurements,
  pairs: readonly LayerPair[],
): (pair: LayerPair) => Chance {
  if (isSameDraw(pairs) && isSameBatch(before, after)) {
    const least = Math.exp(MIN_CHANGE);
    const none = { kernel: least, gradient: least, activation: least, delta: least };
    return () => ({ ...none, shareAt: () => MIN_CHANGE });
  }
  const options = { isSameBatch: isSameBatch(before, after) };
  const doubts = [before, after].map((run) => doubtsOf(run, options));
  return (pair) => {
    const [one, other] = pair.map((layer, i) => doubts[i](layer));
    const factor = (of: keyof typeof one) => Math.exp(gap(one[of], other[of]));
    return {
      kernel: factor("kernel"),
      gradient: factor("gradient"),
      activation: factor("activation"),
      delta: factor("delta"),
      shareAt: (share) => {
        const [deviation, from] = pair.map((layer) => shareDoubt(share, unitsOf(layer)));
        return gap(deviation, from);
      },
    };
  };
}

/**
 * Two draws of the same network are equally uncertain, so for two different networks the smaller
 * uncertainty counts.
 */
const gap = (one: number, other: number) =>
  Math.max(MIN_CHANGE, DEVIATIONS * Math.SQRT2 * Math.min(one, other));

/**
 * Returns the relative error of the size of n random numbers, also the variation of a linear layer
 * of n units.
 */
const sizeDoubt = (n: number) => 1 / Math.sqrt(2 * Math.max(1, n));

/** Returns the standard deviation of the logarithm of each figure of a layer. */
function doubtsOf(run: Measurements, { isSameBatch }: { isSameBatch: boolean }) {
  const { theory } = networkOf(run);
  const doubts = new Map<string, { activations: number; deltas: number; inputs: number }>();
  for (const layer of run.layers) {
    const before = (layer.inputs ?? []).map((name) => doubts.get(name)?.activations ?? 0);
    const inputs = Math.max(0, ...before);
    const { activations, deltas } = theory.predicted.get(layer.name)?.doubt ?? {};
    const known = (doubt: number | undefined, otherwise: number) =>
      Number.isFinite(doubt) ? doubt! : otherwise;
    // The outputs of a softmax always have the same sum.
    const own = layer.activation === "softmax" ? 0 : sizeDoubt(unitsOf(layer));
    const ofActivations = known(activations, Math.hypot(inputs, own));
    doubts.set(layer.name, {
      activations: ofActivations,
      deltas: known(deltas, ofActivations),
      inputs,
    });
  }
  const outputs = run.layers.filter(({ role }) => role === "output");
  const atOutput = Math.max(0, ...outputs.map(({ name }) => doubts.get(name)!.activations));
  const { examples, inputs } = run.batch;
  const [ofInputs, ofExamples] = isSameBatch ? [0, 0] : [inputs.count, examples].map(sizeDoubt);
  return (layer: LayerMeasurements) => {
    const own = doubts.get(layer.name)!;
    const ofKernel = sizeDoubt(layer.weights.find(isKernel)?.values.count ?? 1);
    const delta = Math.hypot(own.deltas, atOutput, ofExamples);
    return {
      kernel: ofKernel,
      activation: Math.hypot(own.activations, ofInputs),
      delta,
      gradient: Math.hypot(delta, own.inputs, ofKernel),
    };
  };
}

/** Adds one unit of either kind, so that neither 0 nor 1 is certain. */
function shareDoubt(share: number, units: number): number {
  const p = (share * units + 1) / (units + 2);
  return Math.sqrt(p * (1 - p) / units);
}

/** Returns the number of units of a layer: the last axis of its output. */
const unitsOf = ({ shape }: LayerMeasurements) => Math.max(1, shape?.at(-1) ?? 1);

/** Returns true if the statistics of all weights are equal. */
function isSameDraw(pairs: readonly LayerPair[]): boolean {
  const figures = ({ weights }: LayerMeasurements) =>
    weights.filter(isKernel).map(({ values: { mean, std, maxAbs } }) => [mean, std, maxAbs]);
  return pairs.every(([one, other]) =>
    JSON.stringify(figures(one)) === JSON.stringify(figures(other))
  );
}

function isSameBatch({ batch: one }: Measurements, { batch: other }: Measurements): boolean {
  return one.examples === other.examples && one.inputs.mean === other.inputs.mean &&
    one.inputs.std === other.inputs.std;
}

/** Name of a compared figure of a layer. */
export type FigureName = "kernel" | "gradient" | "activation" | "delta" | "saturated" | "dead";

/** Figure of a layer in two runs. */
export interface FigureChange {
  /** Value in the first run; NaN if there are NaN or infinite entries. */
  before: number;
  /** Value in the second run, likewise. */
  after: number;
  /** Second value divided by the first; `null` for a share, whose difference is absolute. */
  factor: number | null;
  /**
   * Largest factor, up or down, that two draws of the same network explain; for a share, the
   * largest difference.
   */
  chance: number;
  /** True if the figure changed by more than that. */
  moved: boolean;
}

/** Layer in two runs. */
export interface LayerComparison {
  /** Name in the first run. */
  before: string;
  /** Name in the second run. */
  after: string;
  /**
   * Std of the kernel, mean |dJ/dw| of the kernel, mean |a|, mean |delta|, share of saturated
   * entries and of dead units, if both runs have them.
   */
  figures: Partial<Record<FigureName, FigureChange>>;
  /**
   * Largest factor, 1 or more, by which a figure moved; 1 if none did. For a share p, the factor of
   * 1 - p.
   */
  worst: number;
}

/** Comparison of two runs. */
export interface Comparison {
  /** Layers in both runs, in the order of the second. */
  layers: LayerComparison[];
  /** Names of the layers that only the first run has. */
  onlyBefore: string[];
  /** Names of the layers that only the second run has. */
  onlyAfter: string[];
  /** True if no figure differs and no layer is missing. */
  same: boolean;
  /**
   * True if gradients were compared, which needs the same objective and, for sums, the same batch.
   */
  gradients: boolean;
  /** Changes as parts of a sentence, weights first; empty if there are none. */
  said: string[];
}

/** Wording of each figure in a sentence, and how to read it from a layer. */
const FIGURES: Record<FigureName, {
  subject: string;
  isShare?: boolean;
  isGradient?: boolean;
  of: (layer: LayerMeasurements) => number | null;
}> = {
  kernel: { subject: "kernels", of: (layer) => sizeOf(kernelOf(layer)?.values, "std") },
  gradient: {
    subject: "gradients",
    isGradient: true,
    of: (layer) => {
      const kernel = kernelOf(layer);
      return sizeOf(kernel?.gradientsOfUsedRows ?? kernel?.gradients, "meanAbs");
    },
  },
  activation: { subject: "activations", of: ({ activations }) => sizeOf(activations, "meanAbs") },
  delta: {
    subject: "deltas",
    isGradient: true,
    of: ({ preActivationGradients }) => sizeOf(preActivationGradients, "meanAbs"),
  },
  saturated: {
    subject: "saturated share",
    isShare: true,
    of: ({ saturatedFraction }) => saturatedFraction,
  },
  dead: { subject: "dead share", isShare: true, of: ({ deadFraction }) => deadFraction },
};

const NAMES = Object.keys(FIGURES) as FigureName[];

const kernelOf = ({ weights }: LayerMeasurements) => weights.find(isKernel);

function sizeOf(
  statistics: TensorStatistics | null | undefined,
  figure: "std" | "meanAbs",
): number | null {
  if (!statistics) return null;
  return statistics.nonFinite > 0 ? NaN : statistics[figure];
}

/**
 * Compares two runs layer by layer: two networks, or one network before and after a change, under
 * two seeds, or at two points of its training. Layers are matched by name, or by order, class and
 * shapes if TensorFlow.js or Keras generated their names. A figure has moved if it differs by more
 * than two draws of the same initialisers would (a kernel of n weights: by a factor of exp(4 /
 * sqrt(n))), or by more than 1 % if weights and batch are the same. Gradients that are rounding
 * errors are left out.
 *
 * @param before The first run.
 * @param after The second run.
 * @returns The differences, also in words. Figures keep their measured units.
 * @throws {InputError} If one of them is not a result of `measure()`.
 *
 * @example Kernels at a third of their size
 * ```ts
 * import { compareMeasurements } from "@gradient-health/gradient-health/compare";
 * import { startEngine } from "@gradient-health/gradient-health/engine";
 * import { measure } from "@gradient-health/gradient-health/measure";
 * import { exerciseModel, randomBatch, rescaleWeights } from "@gradient-health/gradient-health/model";
 * import { assertEquals } from "@std/assert";
 *
 * await using _engine = await startEngine();
 * const model = exerciseModel();
 * const batch = randomBatch(model);
 * const before = await measure(model, batch);
 * rescaleWeights(model, 1 / 3);
 * const { said } = compareMeasurements(before, await measure(model, batch));
 * assertEquals(said[0], "the kernels of dense_1 ... dense_11 are 3 times smaller");
 * model.dispose();
 * ```
 */
export function compareMeasurements(before: Measurements, after: Measurements): Comparison {
  requireValue("before", before, measurementsShape);
  requireValue("after", after, measurementsShape);
  const { pairs, onlyBefore, onlyAfter } = matchLayers(before.layers, after.layers);
  const chance = chanceOf(before, after, pairs);
  const gradients = haveSameObjective(before, after);
  const silent = [before, after].map((run) => networkOf(run).silent);
  const layers = pairs.map((pair): LayerComparison => {
    const isSilent = !gradients || pair.some((layer, i) => silent[i].has(layer));
    return compareLayer(pair, chance(pair), { isSilent });
  });
  const isMissing = onlyBefore.length + onlyAfter.length > 0;
  const figures = layers.flatMap(({ figures }) => Object.values(figures));
  return shownComparison({
    layers,
    onlyBefore: onlyBefore.map(({ name }) => name),
    onlyAfter: onlyAfter.map(({ name }) => name),
    same: !isMissing && gradients && before.objective.value === after.objective.value &&
      figures.every(({ before, after }) => Object.is(before, after)),
    gradients,
    said: sayChanges(layers.flatMap(changesOf), after.layers),
  });
}

/** Returns true if the gradients are those of the same quantity. */
function haveSameObjective(
  { objective: one, batch: oneBatch }: Measurements,
  { objective: other, batch: otherBatch }: Measurements,
): boolean {
  return one.name === other.name &&
    (one.name !== "sum" || oneBatch.examples === otherBatch.examples);
}

function compareLayer(
  pair: LayerPair,
  chance: Chance,
  { isSilent }: { isSilent: boolean },
): LayerComparison {
  const figures: LayerComparison["figures"] = {};
  let worst = 1;
  for (const name of NAMES) {
    const { of, isShare = false, isGradient = false } = FIGURES[name];
    const [before, after] = pair.map(of);
    if (before === null || after === null || isGradient && isSilent) continue;
    const limit = name === "saturated" || name === "dead"
      ? chance.shareAt((before + after) / 2)
      : chance[name];
    const isEqual = Object.is(before, after) || before === after;
    const quotient = isEqual ? 1 : after / before;
    const factor = isShare ? null : quotient;
    const apart = isShare ? ratio(1 - before, 1 - after) : ratio(before, after);
    const by = isEqual ? 1 : apart;
    const moved = isShare ? !(Math.abs(after - before) <= limit) && !isEqual : !(by <= limit);
    figures[name] = { before, after, factor, chance: limit, moved };
    // NaN, and a factor from 0, are worse than any finite factor.
    if (moved) worst = Math.max(worst, Number.isNaN(by) ? Infinity : by);
  }
  return { before: pair[0].name, after: pair[1].name, figures, worst };
}

const ratio = (one: number, other: number) => Math.max(one / other, other / one);

function changesOf({ after: layer, figures }: LayerComparison): Change[] {
  return NAMES.flatMap((name): Change[] => {
    const change = figures[name];
    if (!change?.moved) return [];
    const { subject, isShare = false } = FIGURES[name];
    return [{ layer, subject, isShare, before: change.before, after: change.after }];
  });
}

/** Figures of a layer's line, and their column headings. */
const COLUMNS: [FigureName, string][] = [
  ["kernel", "kernel std"],
  ["gradient", "mean |gradient|"],
  ["activation", "mean |activation|"],
  ["delta", "mean |delta|"],
  ["saturated", "saturated"],
  ["dead", "dead"],
];

/**
 * Makes a comparison print and show itself: one line per layer, the second run relative to the
 * first.
 */
function shownComparison(comparison: Comparison): Comparison {
  return withOverview(comparison, overview, { of: "comparison", given: () => comparison });
}

function overview(comparison: Comparison): Overview {
  const { layers, onlyBefore, onlyAfter } = comparison;
  const shown = COLUMNS.filter(([name]) => layers.some(({ figures }) => name in figures));
  const others = [
    ...onlyBefore.length === 0 ? [] : [`, ${onlyBefore.length} only before`],
    ...onlyAfter.length === 0 ? [] : [`, ${onlyAfter.length} only after`],
  ].join("");
  return {
    title: `${formatCount(layers.length, "layer")} in both${others}: ${movedWords(comparison)}`,
    columns: ["layer", ...shown.map(([, heading]) => heading)],
    rows: layers.map(({ after, figures }) => [
      after,
      ...shown.map(([name]) => changeText(figures[name])),
    ]),
  };
}

function movedWords({ same, said }: Comparison): string {
  if (same) return "no figure differs";
  return said.length === 0 ? "nothing moved by more than chance explains" : said.join("; ");
}

/** Formats a factor, or a share before and after. */
function changeText(change: FigureChange | undefined): string | null {
  if (change === undefined) return null;
  const { before, after, factor, moved } = change;
  const words = factor === null
    ? `${formatNumber(before)} to ${formatNumber(after)}`
    : `x ${formatFactor(factor)}`;
  return moved || before === after ? words : `${words} (chance)`;
}
