/** A limit that a rule compares with: what its default is, and where that comes from. */
export interface ThresholdEntry {
  /** What is used unless an option says otherwise. */
  default: number;
  /** What the number counts. */
  unit: string;
  /** Smallest and largest value that makes sense; both allowed. */
  range: readonly [number, number];
  /** Where the figure comes from. */
  source: string;
  /** What the limit is, in one sentence. */
  about: string;
  /** Whether only whole numbers make sense. Default: any number does. */
  whole?: boolean;
  /** Name of another threshold of the same rule that it must not exceed. Default: none. */
  atMost?: string;
}

/** Thresholds by name. */
export type ThresholdTable = Readonly<Record<string, Readonly<ThresholdEntry>>>;
