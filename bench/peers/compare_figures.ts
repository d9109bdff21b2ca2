import type { Figures } from "./figures.ts";

/** Figures of two tools agree if they differ by no more than this, relative to the larger one. */
export const TOLERANCE = 1e-4;

/**
 * Share of the largest figure of its kind below which a figure is rounding noise of float32 around
 * 0: for instance the gradient of the bias of an attention's keys, which is exactly 0.
 */
const NOISE = 1e-7;

/** Comparison of the figures of two tools. */
export interface Comparison {
  /** Number of figures that both have. */
  compared: number;
  /** Figures that only the other shows. */
  missing: string[];
  /** The largest relative difference, noise left out. */
  worst: number;
  /** Figures that differ by more than the tolerance: `dense_10 delta`. */
  apart: string[];
  /** Numbers of these that this side, the other side and neither has nearer to the float64 run. */
  nearer: { own: number; other: number; unknown: number };
}

type Loose = Pick<Figures, "loss" | "layers">;

/**
 * Compares what two tools say of one pass, figure by figure.
 *
 * @param own This tool's.
 * @param other Another's.
 * @param exact The same pass in float64, which decides where the two differ.
 */
export function compareFigures(own: Loose, other: Loose, exact?: Loose): Comparison {
  const mine = flat(own), theirs = flat(other), truth = exact === undefined ? null : flat(exact);
  const largest = new Map<string, number>();
  for (const [name, value] of theirs) {
    const kind = kindOf(name);
    largest.set(kind, Math.max(largest.get(kind) ?? 0, Math.abs(value)));
  }
  const found: Comparison = {
    compared: 0,
    missing: [],
    worst: 0,
    apart: [],
    nearer: { own: 0, other: 0, unknown: 0 },
  };
  for (const [name, value] of theirs) {
    const ours = mine.get(name);
    if (ours === undefined) {
      found.missing.push(name);
      continue;
    }
    found.compared++;
    const distance = Math.abs(ours - value);
    if (distance <= NOISE * largest.get(kindOf(name))!) continue;
    const relative = distance / Math.max(Math.abs(ours), Math.abs(value));
    // Written so that NaN is a difference.
    if (!(relative <= found.worst)) found.worst = Number.isNaN(relative) ? Infinity : relative;
    if (relative <= TOLERANCE) continue;
    found.apart.push(name);
    const right = truth?.get(name);
    if (right === undefined) found.nearer.unknown++;
    else if (Math.abs(ours - right) <= Math.abs(value - right)) found.nearer.own++;
    else found.nearer.other++;
  }
  return found;
}

/** `z` and `gradient`: figures of one kind are of one order. */
const kindOf = (name: string) => name.slice(name.lastIndexOf(" ") + 1);

function flat({ loss, layers }: Loose): Map<string, number> {
  return new Map([
    ["loss", loss] as const,
    ...Object.entries(layers).flatMap(([layer, figures]) =>
      Object.entries(figures).map(([kind, value]) => [`${layer} ${kind}`, value] as const)
    ),
  ]);
}
