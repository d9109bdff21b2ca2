import { networkOf } from "../checks/network/network.ts";
import { measurementsShape } from "../checks/requirements.ts";
import { type Change, sayChanges } from "../checks/say_changes.ts";
import type { LayerMeasurements, Measurements } from "../measure/measurements.ts";
import type { TensorStatistics } from "../measure/tensor_statistics.ts";
import { isKernel } from "../theory/weight_kinds.ts";
import { requireValue } from "../words/requirements.ts";
import { type Chance, chanceOf } from "./chance.ts";
import { shownComparison } from "./comparison_overview.ts";
import { type LayerPair, matchLayers } from "./match_layers.ts";

/** What is compared of a layer. */
export type FigureName = "kernel" | "gradient" | "activation" | "delta" | "saturated" | "dead";

/** A figure of a layer in two runs. */
export interface FigureChange {
  /** In the first run; NaN where there are NaN or infinite entries. */
  before: number;
  /** In the second run; likewise. */
  after: number;
  /** The second divided by the first; `null` for a share, which differs by an amount. */
  factor: number | null;
  /** The largest factor, up or down, that two draws of the same network explain; of a share the largest amount. */
  chance: number;
  /** Whether it moved by more than that. */
  moved: boolean;
}

/** A layer in two runs. */
export interface LayerComparison {
  /** Its name in the first run. */
  before: string;
  /** Its name in the second run. */
  after: string;
  /**
   * Std of the kernel, mean |dJ/dw| of the kernel, mean |a|, mean |delta|, the share of saturated entries and
   * of dead units: those that both runs have.
   */
  figures: Partial<Record<FigureName, FigureChange>>;
  /** The largest factor, 1 or more, by which a figure moved; 1 where none did. Of a share p, that of 1 - p. */
  worst: number;
}

/** Two runs beside each other. */
export interface Comparison {
  /** The layers that both have, in the order of the second run. */
  layers: LayerComparison[];
  /** Names of the layers that the first run alone has. */
  onlyBefore: string[];
  /** Names of the layers that the second run alone has. */
  onlyAfter: string[];
  /** Whether no figure differs at all, and no layer is missing. */
  same: boolean;
  /** Whether gradients were compared: not where the objectives differ, or are sums over different batches. */
  gradients: boolean;
  /** What moved, as parts of a sentence, weights first; empty where nothing did. */
  said: string[];
}

/** Of each figure what it is called in a sentence, and where it stands. */
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
 * Compares two runs layer by layer: two networks, one before and after a change, under two seeds, or at two
 * moments of its training. Layers are matched by name, and by order, class and shapes where their names were
 * made up by TensorFlow.js or Keras. A figure has moved if it differs by more than two draws of the same
 * initialisers would (a kernel of n weights: by a factor of exp(4 / sqrt(n))), or by more than 1 % where
 * weights and batch are the same. Gradients that are rounding errors are left out.
 *
 * @param before The first run.
 * @param after The second run.
 * @returns What differs, and what moved in words. Figures have the units that they were measured in.
 * @throws {TypeError} If one of them is not what `measure()` returns.
 *
 * @example Kernels three times as small
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
    return compareLayer(pair, chance(pair), isSilent);
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

/** Whether the gradients are those of the same quantity. */
function haveSameObjective(
  { objective: one, batch: oneBatch }: Measurements,
  { objective: other, batch: otherBatch }: Measurements,
): boolean {
  return one.name === other.name &&
    (one.name !== "sum" || oneBatch.examples === otherBatch.examples);
}

function compareLayer(pair: LayerPair, chance: Chance, isSilent: boolean): LayerComparison {
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
    const factor = isShare ? null : isEqual ? 1 : after / before;
    const by = isEqual ? 1 : isShare ? ratio(1 - before, 1 - after) : ratio(before, after);
    const moved = isShare ? !(Math.abs(after - before) <= limit) && !isEqual : !(by <= limit);
    figures[name] = { before, after, factor, chance: limit, moved };
    // NaN and what comes out of nothing are worse than any factor.
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
