/** What a figure counts. Rates are in billions of operations a second. */
export type Unit = "ms" | "G/s" | "MB" | "MiB" | "us" | "tensors";

/** Bounds of a figure or of a ratio. */
export interface Bounds {
  least?: number;
  most?: number;
}

/** One line of the table that `deno task bench` prints. */
export interface Row {
  /** What was measured. */
  what: string;
  figure: number;
  unit: Unit;
  /** What it is held against, in the same unit. The ratio is the figure over this one. */
  against?: { what: string; figure: number };
  /** What the figure, or the ratio, is to reach. */
  target?: { of: "figure" | "ratio" } & Bounds;
}

/** How a row's figure compares with what it is held against; `NaN` where that is nothing. */
export const ratioOf = ({ figure, against }: Row): number => figure / (against?.figure ?? NaN);

/** Whether a row's target is met; `null` where it has none. */
export function isMet(row: Row): boolean | null {
  if (row.target === undefined) return null;
  const { of, least = -Infinity, most = Infinity } = row.target;
  const value = of === "ratio" ? ratioOf(row) : row.figure;
  return value >= least && value <= most;
}
