/**
 * Similarity of the places of a sequence in the output of a layer: the means over some examples.
 */
export interface TokenAlikeness extends RowAlikeness {
  /** Largest number of places compared in an example: the first 16 that are not masked. */
  tokens: number;
  /** Number of examples in the means: at most the first 4. */
  examples: number;
}

/**
 * Similarity of examples in the output of a layer: it explains a vanishing gradient, and predicts
 * little.
 */
export interface ExampleAlikeness extends RowAlikeness {
  /** Number of examples compared, at most the first 16. */
  examples: number;
}

/** Similarity of the rows of a matrix: examples in a layer, or tokens in a sequence. */
export interface RowAlikeness {
  /** Mean cosine of two rows, without rows of zeros. */
  cosine: number;
  /**
   * Number of directions that the rows span after subtracting their mean: the participation ratio
   * of the Gram matrix, (tr G)^2 / |G|_F^2. From 1 to the number of rows minus one; 0 if all rows
   * are equal.
   */
  effectiveRank: number;
}

/**
 * Measures the similarity of the rows of a matrix by their inner products.
 *
 * @param values Entries, row by row; rows beyond `rows` are not read.
 * @returns The similarity, or `null` if fewer than two rows are nonzero or an entry is not finite.
 */
export function rowAlikeness(
  values: ArrayLike<number>,
  rows: number,
  length: number,
): RowAlikeness | null {
  const gram = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++) {
      let product = 0;
      for (let at = 0; at < length; at++) {
        product += values[i * length + at] * values[j * length + at];
      }
      gram[i * rows + j] = gram[j * rows + i] = product;
    }
  }
  const cosine = meanCosine(gram, rows);
  return cosine === null ? null : { cosine, effectiveRank: participation(gram, rows) };
}

function meanCosine(gram: Float64Array, rows: number): number | null {
  let sum = 0, pairs = 0;
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < i; j++) {
      const size = Math.sqrt(gram[i * rows + i] * gram[j * rows + j]);
      if (size === 0) continue;
      sum += gram[i * rows + j] / size;
      pairs++;
    }
  }
  return pairs === 0 || !Number.isFinite(sum) ? null : sum / pairs;
}

/** Rounding error of the trace, relative, if the rows equal their mean. */
const ROUNDING = 1e-12;

function participation(gram: Float64Array, rows: number): number {
  const means = Array.from({ length: rows }, (_, i) => {
    let sum = 0;
    for (let j = 0; j < rows; j++) sum += gram[i * rows + j];
    return sum / rows;
  });
  const mean = means.reduce((sum, own) => sum + own / rows, 0);
  let trace = 0, squares = 0, whole = 0;
  for (let i = 0; i < rows; i++) {
    whole += gram[i * rows + i];
    for (let j = 0; j < rows; j++) {
      const centred = gram[i * rows + j] - means[i] - means[j] + mean;
      if (i === j) trace += centred;
      squares += centred ** 2;
    }
  }
  return trace <= ROUNDING * whole ? 0 : trace ** 2 / squares;
}
