/** Change of a tensor from one file of weights to another. */
export interface TensorChange {
  /** Name in the second file. */
  name: string;
  /** Shape. */
  shape: number[];
  /** Types in both files. */
  types: [before: string, after: string];
  /** Number of entries that differ. */
  differing: number;
  /** Number of entries that were compared: of a sample, those in it. */
  count: number;
  /**
   * `|after - before| / |before|`; `null` if that is not a number, or if whole numbers differ that
   * are not of the type int8: they may be packed codes, for which only equality is meaningful.
   */
  relativeChange: number | null;
  /** Cosine of the angle between both; `null` likewise. */
  cosine: number | null;
  /** True if every entry was 0 before, so that any change is infinite; else absent. */
  wasZero?: boolean;
}

/** Comparison of two files of weights, tensor by tensor. */
export interface WeightsComparison {
  /** Tensors that both have in one shape, in the order of the second file. */
  tensors: TensorChange[];
  /** Names of tensors that the first file alone has. */
  onlyBefore: string[];
  /** Names of tensors that the second file alone has. */
  onlyAfter: string[];
  /** Number of tensors of which only a sample was compared; absent if all were to be read whole. */
  sampled?: number;
  /** Tensors of another shape. */
  reshaped: { name: string; before: number[]; after: number[] }[];
  /**
   * Number of tensors that are not compared: whole numbers in one file alone, or complex ones;
   * absent if 0.
   */
  uncompared?: number;
}
