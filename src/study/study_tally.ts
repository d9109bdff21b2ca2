import { findActivation } from "../ground/theory/activation_moments.ts";
import { meanField } from "../ground/theory/mean_field.ts";
import {
  gridVariants,
  type ResolvedGrid,
  type StudyPoint,
  type StudyVariant,
} from "./grid_point.ts";
import { LAYER_FIGURES } from "./study_csv.ts";
import type { StudyHeader } from "./study_document.ts";
import { studyRules } from "./study_options.ts";
import {
  type LayerSummary,
  quartiles,
  type ScaleSummary,
  type StudySummary,
  type VariantSummary,
} from "./study_summary.ts";

/**
 * A figure over the draws of a cell, 8 bytes each: a JavaScript array takes twice that while it
 * grows.
 */
class Draws {
  readonly #most: number;
  #values = new Float64Array(0);
  #count = 0;

  /** @param most Maximum number of draws: the number of seeds of the grid. */
  constructor(most: number) {
    this.#most = most;
  }

  /** Adds the figure of a draw. */
  add(value: number): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(
        Math.max(this.#count + 1, Math.min(2 * this.#count, this.#most)),
      );
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count++] = value;
  }

  /** Returns the figures in the order in which they were added. */
  toArray(): number[] {
    return [...this.#values.subarray(0, this.#count)];
  }
}

/** Collected figures of a variant at a scale. */
interface Cell {
  scale: number;
  draws: number;
  healthy: number;
  failed: Map<string, number>;
  ratios: number[];
  inputSquares: number[];
  plain: boolean;
  layers: Pick<LayerSummary, "name" | "role" | "activation">[];
  /** Figures by layer and by name. */
  values: Draws[][];
}

/**
 * Collects the points of a study, one by one and in any order, for its summary. It keeps only their
 * figures, 80 bytes per layer and point.
 */
export class StudyTally {
  readonly #header: StudyHeader;
  readonly #cells = new Map<number, Cell>();
  #points = 0;

  /** Creates an empty tally. */
  constructor(header: StudyHeader) {
    this.#header = header;
  }

  /** Adds a point. */
  add(point: StudyPoint): void {
    const { grid } = this.#header;
    this.#points++;
    // Within a seed, the points run over the variants and their scales.
    const place = point.index % (gridVariants(grid).length * grid.scales.length);
    let cell = this.#cells.get(place);
    if (cell === undefined) this.#cells.set(place, cell = emptyCell(point, grid.seeds.length));
    cell.draws++;
    if (point.healthy) cell.healthy++;
    for (const rule of point.failed) cell.failed.set(rule, (cell.failed.get(rule) ?? 0) + 1);
    if (point.deltaRatio !== null) cell.ratios.push(point.deltaRatio);
    cell.inputSquares.push(point.inputRms ** 2);
    cell.plain &&= point.plain;
    point.layers.forEach((layer, i) =>
      LAYER_FIGURES.forEach((name, j) => {
        const value = layer[name];
        if (value !== null) cell.values[i]?.[j].add(value);
      })
    );
  }

  /** Returns the summary of the added points. */
  result(): StudySummary {
    const { grid } = this.#header;
    const variants = gridVariants(grid).flatMap((variant, v) => {
      const scales = grid.scales.flatMap((_, s) => {
        const cell = this.#cells.get(v * grid.scales.length + s);
        return cell === undefined ? [] : [summaryOf(cell)];
      });
      return scales.length === 0 ? [] : [summarizeVariant(variant, grid, scales)];
    });
    return { header: this.#header, points: this.#points, variants };
  }
}

function emptyCell({ scale, layers }: StudyPoint, seeds: number): Cell {
  return {
    scale,
    draws: 0,
    healthy: 0,
    failed: new Map(),
    ratios: [],
    inputSquares: [],
    plain: true,
    layers: layers.map(({ name, role, activation }) => ({ name, role, activation })),
    values: layers.map(() => LAYER_FIGURES.map(() => new Draws(seeds))),
  };
}

function summaryOf(cell: Cell): ScaleSummary {
  const layers = cell.layers.map((layer, i): LayerSummary => ({
    ...layer,
    figures: Object.fromEntries(
      LAYER_FIGURES.map((name, j) => [name, quartiles(cell.values[i][j].toArray())]),
    ) as LayerSummary["figures"],
  }));
  const sigmas = layers
    .filter(({ role }) => role === "hidden")
    .flatMap(({ figures: { sigma } }) => sigma === null ? [] : [sigma.median]);
  return {
    scale: cell.scale,
    draws: cell.draws,
    healthy: cell.healthy,
    failed: Object.fromEntries([...cell.failed].sort(([a], [b]) => a < b ? -1 : 1)),
    sigma: quartiles(sigmas)?.median ?? null,
    deltaRatio: quartiles(cell.ratios),
    predictedRatio: cell.plain
      ? predictedRatio(layers, quartiles(cell.inputSquares)!.median)
      : null,
    layers,
  };
}

/**
 * Returns the ratio of l2(delta) of the first hidden layer to that of the last in mean-field
 * theory: the root of the product of chi over the layers between them.
 *
 * @param layers The layers, in the order of the forward pass.
 * @returns The ratio, or `null` with fewer than two hidden layers.
 */
function predictedRatio(layers: readonly LayerSummary[], inputMeanSquare: number): number | null {
  const chain = layers.flatMap(({ role, activation, figures: { sigma } }) =>
    role === "hidden" && sigma !== null
      ? [{ activation: activation ?? "linear", weightVariance: sigma.median ** 2 }]
      : []
  );
  // The theory cannot handle an unknown activation, or kernels that are not finite.
  const isKnown = chain.every(({ activation, weightVariance }) =>
    findActivation(activation) !== null && Number.isFinite(weightVariance)
  );
  if (chain.length < 2 || !isKnown || !Number.isFinite(inputMeanSquare)) return null;
  const states = meanField(chain, inputMeanSquare);
  return Math.sqrt(states.slice(0, -1).reduce((product, { chi }) => product * chi, 1));
}

/** Smallest share of healthy draws at a healthy scale. */
const MAJORITY = 0.5;

/** Finds the band, the best scale and the rules that fail outside the band. */
function summarizeVariant(
  variant: StudyVariant,
  grid: ResolvedGrid,
  scales: ScaleSummary[],
): VariantSummary {
  const isHealthy = ({ healthy, draws }: ScaleSummary) => healthy >= MAJORITY * draws;
  const best = bestOf(scales.filter(isHealthy));
  const pivot = best ?? scales.reduce((a, b) => imbalance(b) < imbalance(a) ? b : a);
  let first = scales.indexOf(pivot);
  let last = first;
  if (best !== null) {
    while (first > 0 && isHealthy(scales[first - 1])) first--;
    while (last < scales.length - 1 && isHealthy(scales[last + 1])) last++;
  }
  const edge = (inner: number, outer: number) =>
    Math.sqrt(scales[inner].scale * (scales[outer] ?? scales[inner]).scale);
  return {
    ...variant,
    label: labelOf(variant, grid),
    scales,
    best,
    band: best === null ? null : { from: edge(first, first - 1), to: edge(last, last + 1) },
    balanced: balancedScale(scales, best),
    trouble: { below: troubleOf(scales.slice(0, first)), above: troubleOf(scales.slice(last + 1)) },
  };
}

/** Returns the distance of the delta ratio from 1, in powers of e. */
function imbalance({ deltaRatio }: ScaleSummary): number {
  const off = Math.abs(Math.log(deltaRatio?.median ?? NaN));
  return Number.isNaN(off) ? Infinity : off;
}

/**
 * Returns the best healthy scale. If no draw has a ratio, as with a single hidden layer, it is the
 * middle one.
 */
function bestOf(healthy: ScaleSummary[]): ScaleSummary | null {
  const share = ({ healthy, draws }: ScaleSummary) => healthy / draws;
  const most = Math.max(...healthy.map(share));
  const best = healthy.filter((scale) => share(scale) === most);
  if (best.length === 0) return null;
  const nearest = best.reduce((a, b) => imbalance(b) < imbalance(a) ? b : a);
  return imbalance(nearest) < Infinity ? nearest : best[(best.length - 1) >> 1];
}

/**
 * Returns the scale at which the ratio crosses 1, interpolated by logarithms; if there are several,
 * the one nearest to the best scale.
 */
function balancedScale(scales: ScaleSummary[], best: ScaleSummary | null): number | null {
  const crossings = scales.slice(1).flatMap((above, i) => {
    const below = scales[i];
    const [low, high] = [below, above].map(({ deltaRatio }) => Math.log(deltaRatio?.median ?? NaN));
    if (!Number.isFinite(low) || !Number.isFinite(high) || low === high) return [];
    if (Math.sign(low) === Math.sign(high)) return [];
    const part = low / (low - high);
    return [below.scale ** (1 - part) * above.scale ** part];
  });
  const off = (scale: number) => Math.abs(Math.log(scale / (best?.scale ?? 1)));
  return crossings.length === 0 ? null : crossings.reduce((a, b) => off(b) < off(a) ? b : a);
}

/** Returns the rules that half of the draws or more fail at these scales, the gravest first. */
function troubleOf(scales: ScaleSummary[]): string[] {
  const draws = scales.reduce((sum, scale) => sum + scale.draws, 0);
  const known = studyRules().map(({ name }) => name);
  // An unknown rule was registered in the process that ran the study.
  const others = scales.flatMap(({ failed }) => Object.keys(failed));
  return [...new Set([...known, ...others])].filter((rule) => {
    const failed = scales.reduce((sum, scale) => sum + (scale.failed[rule] ?? 0), 0);
    return draws > 0 && failed >= MAJORITY * draws;
  });
}

function labelOf({ activation, initializer, depth, width }: StudyVariant, grid: ResolvedGrid) {
  const words = [
    ...activation === null ? [] : [activation],
    ...initializer === null || grid.initializers.length === 1 ? [] : [initializer],
    ...depth === null || grid.depths.length === 1 ? [] : [`depth ${depth}`],
    ...width === null || grid.widths.length === 1 ? [] : [`width ${width}`],
  ];
  return words.join(", ") || "model";
}
