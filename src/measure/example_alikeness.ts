import type { RowAlikeness } from "../theory/row_alikeness.ts";

/**
 * Similarity of examples in the output of a layer: it explains a vanishing gradient, and predicts
 * little.
 */
export interface ExampleAlikeness extends RowAlikeness {
  /** Number of examples compared, at most the first 16. */
  examples: number;
}
