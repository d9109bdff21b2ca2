/** Unit of a figure. Rates are in billions of operations a second. */
export type Unit = "ms" | "G/s" | "MB" | "MiB" | "us" | "tensors";

/** Bounds of a figure or of a ratio. */
export interface Bounds {
  least?: number;
  most?: number;
}

/** Line of the table that `deno task bench` prints. */
export interface Row {
  /** Measured subject. */
  what: string;
  figure: number;
  unit: Unit;
  /** Reference, in the same unit. The ratio is the figure over this one. */
  against?: { what: string; figure: number };
  /** Target of the figure or of the ratio. */
  target?: { of: "figure" | "ratio" } & Bounds;
}

/** Returns the ratio of a row's figure to its reference; `NaN` where that is nothing. */
export const ratioOf = ({ figure, against }: Row): number => figure / (against?.figure ?? NaN);

/** Returns true if a row's target is met; `null` where it has none. */
export function isMet(row: Row): boolean | null {
  if (row.target === undefined) return null;
  const { of, least = -Infinity, most = Infinity } = row.target;
  const value = of === "ratio" ? ratioOf(row) : row.figure;
  return value >= least && value <= most;
}
