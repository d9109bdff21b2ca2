import type { RowAlikeness } from "../theory/row_alikeness.ts";

/** How alike examples are in the output of a layer: what explains a gradient that vanishes, and predicts little. */
export interface ExampleAlikeness extends RowAlikeness {
  /** How many examples were compared: the first 16 of more. */
  examples: number;
}
