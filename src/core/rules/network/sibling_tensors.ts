import type { LayerMeasurements, WeightMeasurements } from "../../measure/measurements.ts";
import { median } from "../../../ground/theory/statistics.ts";
import { isKernel, isShift } from "../../../ground/theory/weight_kinds.ts";

/** Number of blocks that a trend needs. */
export const MIN_BLOCKS = 5;

/** Number of inner blocks from which on the first and the last, which often differ, do not count. */
const MIN_INNER = 4;

/** Number of blocks from which on one of them cannot tilt the line. */
const MIN_SLOPED = 8;

/** Smallest spread of siblings around their trend, as a factor: what training moves anyway. */
const LEAST_SPREAD = Math.log(1.05);

/** Number of the median absolute deviation that a standard deviation has, of normal numbers. */
const MAD_RATIO = 1.4826;

/** Tensor of a block. */
export interface Sibling {
  layer: LayerMeasurements;
  weight: WeightMeasurements;
  /** Number of its block. */
  block: number;
  /** True in the first or the last block, which often differ. */
  isEnd: boolean;
}

/** Tensors of one kind, one in each block, in the order of the blocks. */
export interface SiblingGroup {
  /** Name with `*` for the number of the block. */
  name: string;
  siblings: Sibling[];
}

/** Name of a tensor of a block, in parts. */
interface BlockName {
  /** Name up to the number: `model.layers.`. */
  stem: string;
  block: number;
  /** Name with `*` for the number. */
  kind: string;
}

/** Returns the parts of the name of a tensor of a block; `null` if it belongs to none. */
export function blockOf(name: string): BlockName | null {
  const [, stem, block, rest] = /^(.*?(?:^|[./]))(\d+)([./].*)$/.exec(name) ?? [];
  return block === undefined ? null : { stem, block: Number(block), kind: `${stem}*${rest}` };
}

/**
 * Groups the tensors of repeated blocks: those whose names differ in the number of the block alone,
 * and whose shapes are the same.
 *
 * @param fewest Smallest number of blocks. Default: that of a trend.
 */
export function siblingGroups(
  layers: readonly LayerMeasurements[],
  fewest: number = MIN_BLOCKS,
): SiblingGroup[] {
  const groups = new Map<string, Omit<Sibling, "isEnd">[]>();
  for (const layer of layers) {
    for (const weight of layer.weights) {
      const name = blockOf(weight.name);
      if (name === null) continue;
      const key = `${name.kind} ${weight.shape.join("x")}`;
      const group = groups.get(key);
      const sibling = { layer, weight, block: name.block };
      if (group === undefined) groups.set(key, [sibling]);
      else group.push(sibling);
    }
  }
  return [...groups].filter(([, group]) => group.length >= fewest).map(([key, group]) => {
    const ordered = group.toSorted((a, b) => a.block - b.block);
    const ends = [ordered[0], ordered.at(-1)!];
    return {
      name: key.slice(0, key.lastIndexOf(" ")),
      siblings: ordered.map((one) => ({ ...one, isEnd: ends.includes(one) })),
    };
  });
}

/** Trend of the siblings' size over the blocks. */
export interface Trend {
  /** Returns the expected rms in a block. */
  at(block: number): number;
  /** Spread around it, in natural logarithms. */
  spread: number;
}

/**
 * Returns the trend of the rms over the blocks, which up to a quarter of wrong siblings do not move:
 * a line through the logarithms, with the median of the slopes between them (Theil 1950, Sen 1968).
 * `null` if too few siblings have a size.
 */
export function trendOf({ siblings }: SiblingGroup): Trend | null {
  const sized = siblings.filter(({ weight: { values } }) => values.rms > 0);
  const inner = sized.filter(({ isEnd }) => !isEnd);
  const points = (inner.length >= MIN_INNER ? inner : sized).map(({ block, weight }) => ({
    x: block,
    y: Math.log(weight.values.rms),
  }));
  if (sized.length < MIN_BLOCKS) return null;
  // With more than 100 blocks, slopes between neighbours 1 to 100 apart are enough.
  const slopes = points.flatMap((a, i) =>
    points.slice(i + 1, i + 101).map((b) => (b.y - a.y) / (b.x - a.x))
  );
  const slope = points.length < MIN_SLOPED ? 0 : median(slopes);
  const start = median(points.map(({ x, y }) => y - slope * x));
  // A normal rms is uncertain by 0.7 / sqrt(n), one of heavier tails by more.
  const chance = 1.5 / Math.sqrt(sized[0].weight.values.count);
  const residuals = points.map(({ x, y }) => Math.abs(y - start - slope * x));
  return {
    at: (block) => Math.exp(start + slope * block),
    spread: Math.max(LEAST_SPREAD, chance, MAD_RATIO * median(residuals)),
  };
}

/** Returns true for a tensor whose size follows a trend: a kernel, a shift, or the scale of a normalisation. */
export const hasTrend = ({ layer, weight }: Sibling): boolean =>
  isKernel(weight) || isShift(weight) ||
  layer.kind === "normalization" && /\/weight$/.test(weight.name);
