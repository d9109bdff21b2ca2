import type { RowAlikeness } from "../theory/row_alikeness.ts";

/**
 * Similarity of the places of a sequence in the output of a layer: the means over some examples.
 */
export interface TokenAlikeness extends RowAlikeness {
  /** Largest number of places compared in an example: the first 16 that are not masked. */
  tokens: number;
  /** Number of examples in the means: at most the first 4. */
  examples: number;
}
