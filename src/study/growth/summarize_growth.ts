import { mean, median } from "../../ground/theory/statistics.ts";
import { refusal } from "../../ground/words/input_error.ts";
import { requireValue } from "../../ground/words/shape.ts";
import type { StudyPoint } from "../grid_point.ts";
import { studyShape } from "../study_document.ts";
import { StudyError } from "../study_options.ts";
import type { Study } from "../study_summary.ts";
import {
  acrossSeedsOf,
  type AxisGrowth,
  GROWTH_AXES,
  type GrowthAxis,
  type GrowthFigure,
  type GrowthLayer,
  type GrowthLevel,
  type GrowthSlope,
  type GrowthSummary,
  type LayerGrowth,
  levelOf,
  type RateTransfer,
  repeatedName,
  type SizedFigure,
  slopeOf,
  steepestLayer,
  worstOf,
} from "./growth_types.ts";

const FIGURES: readonly GrowthFigure[] = ["activations", "changes", "gradients", "updates"];

/** Point of a study that trained. */
type TrainedPoint = StudyPoint & Required<Pick<StudyPoint, "training">>;

/** Siblings that differ along one axis: a list for each seed, ascending by size. */
interface Siblings {
  axis: GrowthAxis;
  at: number | null;
  sizes: number[];
  draws: TrainedPoint[][];
}

/**
 * Summarises a study of growth: the slopes of every layer that the siblings share, or of the best
 * rate, and the judgement.
 *
 * @param study A study whose points were trained, all of them.
 * @throws {StudyError} If its points were not trained, or `createModel` ignores the size.
 */
export function summarizeGrowth(study: Study): GrowthSummary {
  requireValue("study", study, studyShape);
  const { points, ...header } = study;
  const { training, grid, model } = header;
  if (training === undefined) {
    throw new StudyError(
      refusal`study.training is missing, expected a study that trains its points`,
    );
  }
  const trained = points.filter((point): point is TrainedPoint => point.training !== undefined);
  const groups = siblingsOf(grid, trained);
  for (const group of groups) requireGrowing(group);
  const growth = training.keeps === "layers" ? groups.map(growthAlong) : [];
  const transfer = training.keeps === "loss" ? groups.flatMap(rateTransfers) : [];
  return {
    model: model.name,
    source: model.source,
    training,
    seeds: grid.seeds,
    largest: { width: grid.widths.at(-1)!, depth: grid.depths.at(-1)! },
    growth,
    level: worstOf([...growth, ...transfer].map(({ level }) => level)),
    fixes: null,
    transfer,
  };
}

function siblingsOf(
  { widths, depths, seeds }: Study["grid"],
  points: readonly TrainedPoint[],
): Siblings[] {
  return GROWTH_AXES.flatMap((axis) => {
    const [own, others] = axis === "width" ? [widths, depths] : [depths, widths];
    if (own.length < 2) return [];
    return others.map((at): Siblings => ({
      axis,
      at: others.length > 1 ? at : null,
      sizes: own.map((size) => size!),
      draws: seeds.map((seed) =>
        points.filter((point) => point.seed === seed && point[other(axis)] === at)
          .toSorted((a, b) => a[axis]! - b[axis]!)
      ).filter((draw) => draw.length > 0),
    }));
  });
}

const other = (axis: GrowthAxis): GrowthAxis => axis === "width" ? "depth" : "width";

function requireGrowing({ axis, sizes, draws: [draw] }: Siblings): void {
  const [first, last] = [draw[0], draw.at(-1)!].map(({ training }) => training.parameters);
  if (first !== last) return;
  throw new StudyError({
    place: "createModel",
    verb: "returned",
    found: `a model of ${first} parameters at ${axis} ${sizes[0]} and at ${axis} ${sizes.at(-1)}`,
    expected: `more with the ${axis}`,
    hint: `: use the \`${axis}\` that it is given`,
  });
}

function growthAlong(siblings: Siblings): AxisGrowth {
  const { axis, at, sizes, draws } = siblings;
  const layers = layersAlong(siblings);
  const adamDraws = draws.map((draw) =>
    draw.map((point): TrainedPoint => ({
      ...point,
      training: { ...point.training, layers: point.training.adamLayers },
    }))
  );
  return {
    axis,
    sizes,
    at,
    layers,
    level: worstOf(layers.map(({ level }) => level)),
    withAdam: steepestLayer(layersAlong({ ...siblings, draws: adamDraws })),
  };
}

/** Returns the layers that all siblings have; none if no layer was kept. */
function layersAlong({ sizes, draws }: Siblings): LayerGrowth[] {
  const lasts = draws[0].map(lastHidden);
  const isMoving = new Set(lasts.map((layer) => layer?.name)).size > 1;
  const named = draws.map((draw) => draw.map((point) => layersByName(point, { isMoving })));
  const [smallest, ...larger] = named[0];
  const shared = [...smallest.keys()].filter((name) => larger.every((layers) => layers.has(name)));
  return shared.map((name) => {
    const each = named.map((draw) => draw.map((layers) => layers.get(name)!));
    const { role, repeats } = placeOf(draws[0], smallest.get(name)!.name);
    return layerGrowth(name, { sizes, each, role, repeats });
  });
}

/** Returns the last layer that is not an output. */
function lastHidden({ training, layers }: TrainedPoint): GrowthLayer | undefined {
  const isOutput = (name: string) => layers.find((one) => one.name === name)?.role === "output";
  return training.layers.findLast(({ name }) => !isOutput(name));
}

/** Returns the layers by name; the last hidden one also by its place, if its name moves. */
function layersByName(
  point: TrainedPoint,
  { isMoving }: { isMoving: boolean },
): Map<string, GrowthLayer> {
  const rows = new Map(point.training.layers.map((layer) => [layer.name, layer]));
  const last = lastHidden(point);
  if (isMoving && last !== undefined) rows.set(LAST_HIDDEN, last);
  return rows;
}

/** Name of the layer before the output. */
const LAST_HIDDEN = "the last hidden layer";

function placeOf(
  draw: readonly TrainedPoint[],
  name: string,
): Pick<LayerGrowth, "role" | "repeats"> {
  const counts = draw.map(({ training }) =>
    training.layers.filter((layer) => repeatedName(layer.name) === repeatedName(name)).length
  );
  const { role = "hidden" } = draw[0].layers.find((layer) => layer.name === name) ?? {};
  return { role, repeats: new Set(counts).size > 1 };
}

function layerGrowth(
  name: string,
  { sizes, each, role, repeats }: {
    sizes: readonly number[];
    /** The layer of every sibling, for each seed. */
    each: readonly GrowthLayer[][];
  } & Pick<LayerGrowth, "role" | "repeats">,
): LayerGrowth {
  const [[first]] = each;
  const along = (figure: (layer: GrowthLayer) => number | null | undefined) =>
    acrossSeedsOf(
      each.map((draw) =>
        slopeOf(draw.map((layer, i) => [sizes[i], Math.abs(figure(layer) ?? 0)] as const))
      ),
    );
  const slopes = Object.fromEntries(
    FIGURES.map((
      figure,
    ) => [figure, first[figure].map((_, step) => along((l) => l[figure][step]))]),
  ) as LayerGrowth["slopes"];
  const size = judged(slopes.activations.slice(1));
  const change = judged(slopes.changes);
  const isJudged = !repeats || name === LAST_HIDDEN;
  return {
    name: name === LAST_HIDDEN ? `${name} (${first.name})` : name,
    role,
    repeats: !isJudged,
    hasKernel: first.fanIn !== null,
    isBranch: first.isBranch,
    slopes,
    fanIn: along(({ fanIn }) => fanIn)?.value ?? null,
    input: along(({ inputs: [input] }) => input)?.value ?? null,
    multiplier: along(({ multiplier }) => multiplier)?.value ?? 0,
    std: along(({ std }) => std)?.value ?? null,
    baseStd: first.std,
    size,
    change,
    level: isJudged ? levelOfLayer(role, { size, change }) : "flat",
    curves: sizes.map((_, i) =>
      first.activations.map((_, step) =>
        2 ** mean(each.map((draw) => Math.log2(draw[i].activations[step])))
      )
    ),
  };
}

/** Returns the middle slope over the steps: a single step is noisy. */
function judged(slopes: readonly (GrowthSlope | null)[]): GrowthSlope | null {
  const known = slopes.filter((slope) => slope !== null);
  if (known.length === 0) return null;
  const value = median(known.map((slope) => slope.value));
  return known.toSorted((a, b) => Math.abs(a.value - value) - Math.abs(b.value - value))[0];
}

/** Judges a layer; what an output has of its initial weights may fall as width^-1/2. */
function levelOfLayer(
  role: LayerGrowth["role"],
  { size, change }: Pick<LayerGrowth, "size" | "change">,
): GrowthLevel {
  const slopes = [size, change].flatMap((slope) => slope === null ? [] : [slope.value]);
  return worstOf(slopes.map((slope) => role === "output" && slope < 0 ? "flat" : levelOf(slope)));
}

/** Siblings whose points differ in size and rate. */
interface RatedSiblings {
  axis: GrowthAxis;
  sizes: readonly number[];
  at: number | null;
  /** The points of every seed. */
  draws: readonly StudyPoint[][];
}

/** Returns the slope of the best rate over the size, for all weights and for embeddings alone. */
function rateTransfers({ axis, sizes, at, draws }: RatedSiblings): RateTransfer[] {
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
      // Rates at the edge of what was tried say nothing of the best one: their slope is 0 by chance.
      level: worstOf([
        levelOf(slope.value),
        bests.flat().every(({ atEdge }) => atEdge) ? "warning" : "flat",
      ]),
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
