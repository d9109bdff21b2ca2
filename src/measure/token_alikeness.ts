import type { RowAlikeness } from "../theory/row_alikeness.ts";

/** How alike the places of a sequence are in the output of a layer: the means over some examples. */
export interface TokenAlikeness extends RowAlikeness {
  /** How many places of an example were compared, at most: the first 16 that are not masked. */
  tokens: number;
  /** How many examples there are in the means: the first 4 of more. */
  examples: number;
}
