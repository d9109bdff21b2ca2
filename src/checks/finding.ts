/**
 * What a check says of one layer (or of the whole model). A finding is data: renderers show it,
 * assertions throw it, the gate counts it.
 */
export interface Finding {
  /** Name of the rule, `vanishing-gradients` for instance. */
  rule: string;
  /** `error` fails an assertion and the gate; `warning` and `note` are only shown. */
  severity: "error" | "warning" | "note";
  /** Name of the layer, or `null` when the finding is about the whole model. */
  layer: string | null;
  /** Every layer concerned, {@linkcode Finding.layer} included; absent where that one is all. */
  layers?: string[];
  /** The measured figure; `null` where there is none. */
  measured: number | null;
  /** What was expected, as a comparison: `<= 0.5`, `0.001 .. 1000`. */
  expected: string;
  /**
   * True where the rule could judge nothing, since there was no gradient to judge or none that is a
   * number: an assertion over it fails then. Absent elsewhere, also where a rule does not apply.
   */
  unjudged?: boolean;
  /** Name of the threshold that was crossed; absent where the rule has none to cross. */
  threshold?: string;
  /** One sentence: what is wrong, with the figures. */
  message: string;
  /** One sentence: what to do about it. */
  advice: string;
}
