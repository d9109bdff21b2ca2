import { NativeStatistics } from "./native_statistics.ts";

/** Where the tensors of a normalisation lie, and its sizes. */
export interface Normalization {
  x: number;
  /** The result. */
  to: number;
  /** One float for each column, or row, that is normalised. */
  mean: number;
  variance: number;
  /** By how much each mean was rounded up; 0 where means are given. */
  lack: number;
  /** One float for each column. */
  scale: number;
  rows: number;
  width: number;
  epsilon: number;
}

/** What the gradient needs besides. */
export interface NormalizationGradient extends Normalization {
  dy: number;
  /** The gradients of scale and offset, which are written. */
  dScale: number;
  dOffset: number;
  /** Room for `partialsOf` float64. */
  partials: number;
}

/** What the forward pass has no use for, and the way back either. */
const NONE = { dy: 0, dScale: 0, dOffset: 0, offset: 0, partials: 0, isBatch: 0 };

/** Normalisation of [rows, width] floats, with mean and variance in float64 before they are rounded. */
export class NativeNormalizations extends NativeStatistics {
  /**
   * (x - mean) / sqrt(variance + epsilon) * scale + offset by columns. With `partials`, room for `partialsOf`
   * float64, mean and variance are those of the columns, and written, and so is `lack`; without they are given.
   */
  normalizeColumns(n: Normalization & { offset: number; partials?: number }): void {
    const given = { ...NONE, ...n };
    const work = 4 * n.rows * n.width;
    if (given.partials) this.run("columnSums", given, { work });
    this.run("normalizeColumns", given, { work, scratch: 12 * n.width });
  }

  /** The gradient of `normalizeColumns`. `isBatch`: whether mean and variance are those of the columns. */
  normalizeColumnsGradient(n: NormalizationGradient & { isBatch: boolean }): void {
    const given = { ...NONE, ...n, isBatch: n.isBatch ? 1 : 0 };
    const work = 4 * n.rows * n.width;
    this.run("columnSums", given, { work });
    this.run("normalizeColumnsGradient", given, { work, scratch: 12 * n.width });
  }

  /** The same by rows, each with its own mean and variance, which are written; scale and offset as before. */
  normalizeRows(n: Normalization & { offset: number }): void {
    this.run("normalizeRows", { ...NONE, ...n }, { work: 8 * n.rows * n.width });
  }

  /** The gradient of `normalizeRows`. */
  normalizeRowsGradient(n: NormalizationGradient): void {
    const given = { ...NONE, ...n };
    const scratch = 12 * this.rowsOfBlock(n.width);
    this.run("normalizeRowsGradient", given, { work: 8 * n.rows * n.width, scratch });
    this.run("sumRowBlocks", given);
  }
}
