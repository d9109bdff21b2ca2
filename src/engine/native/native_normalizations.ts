import { NativeStatistics } from "./native_statistics.ts";

/** Addresses of the tensors of a normalisation, and its sizes. */
export interface Normalization {
  x: number;
  /** Address of the result. */
  to: number;
  /** Floats for each normalised column or row. */
  mean: number;
  variance: number;
  /** Amount by which each mean was rounded up; 0 if means are given. */
  lack: number;
  /** Floats for each column. */
  scale: number;
  rows: number;
  width: number;
  epsilon: number;
}

/** Further arguments of the gradient. */
export interface NormalizationGradient extends Normalization {
  dy: number;
  /** Output addresses of the gradients of scale and offset. */
  dScale: number;
  dOffset: number;
  /** Memory for `partialsOf` float64. */
  partials: number;
}

/** Arguments that are unused by the forward or the backward pass. */
const NONE = { dy: 0, dScale: 0, dOffset: 0, offset: 0, partials: 0, isBatch: 0 };

/** Largest number of rows normalised in float64, as in `assembly/few_entries.ts`. */
const FEW = 16;

/** Normalisation of [rows, width] floats; mean and variance are float64 before they are rounded. */
export class NativeNormalizations extends NativeStatistics {
  /**
   * Computes (x - mean) / sqrt(variance + epsilon) * scale + offset by columns. With `partials`,
   * memory for `partialsOf` float64, it computes and writes the columns' mean and variance, and
   * `lack`; otherwise they are given.
   */
  normalizeColumns(n: Normalization & { offset: number; partials?: number }): void {
    const given = { ...NONE, ...n };
    const work = 4 * n.rows * n.width;
    if (given.partials && n.rows <= FEW) return this.run("normalizeFewRows", given, { work });
    if (given.partials) this.run("columnSums", given, { work });
    this.run("normalizeColumns", given, { work, scratch: 12 * n.width });
  }

  /**
   * Computes the gradient of `normalizeColumns`. `isBatch`: true if mean and variance are those of
   * the columns.
   */
  normalizeColumnsGradient(n: NormalizationGradient & { isBatch: boolean }): void {
    const given = { ...NONE, ...n, isBatch: n.isBatch ? 1 : 0 };
    const work = 4 * n.rows * n.width;
    if (n.isBatch && n.rows <= FEW) {
      return this.run("normalizeFewRowsGradient", given, { work });
    }
    this.run("columnSums", given, { work });
    this.run("normalizeColumnsGradient", given, { work, scratch: 12 * n.width });
  }

  /**
   * Normalises by rows. Each row has its own mean and variance, which are written; scale and offset
   * are as above.
   */
  normalizeRows(n: Normalization & { offset: number }): void {
    this.run("normalizeRows", { ...NONE, ...n }, { work: 8 * n.rows * n.width });
  }

  /** Computes the gradient of `normalizeRows`. */
  normalizeRowsGradient(n: NormalizationGradient): void {
    const given = { ...NONE, ...n };
    const scratch = 12 * this.rowsOfBlock(n.width);
    this.run("normalizeRowsGradient", given, { work: 8 * n.rows * n.width, scratch });
    this.run("sumRowBlocks", given);
  }
}
