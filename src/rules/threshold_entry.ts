/** Limit used by a rule, with its default and its source. */
export interface ThresholdEntry {
  /** Value used unless an option overrides it. */
  default: number;
  /** Unit of the number. */
  unit: string;
  /** Smallest and largest sensible value, both allowed. */
  range: readonly [number, number];
  /** Source of the default. */
  source: string;
  /** Description of the limit in one sentence. */
  about: string;
  /** True if only whole numbers make sense. Default: any number does. */
  whole?: boolean;
  /** Name of another threshold of the same rule that this one must not exceed. Default: none. */
  atMost?: string;
}

/** Thresholds by name. */
export type ThresholdTable = Readonly<Record<string, Readonly<ThresholdEntry>>>;
