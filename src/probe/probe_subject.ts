/** Subject of a probe, as messages describe it. */
export interface ProbeSubject {
  /** The model. */
  model: {
    /** Its name. */
    name: string;
  };
  /** Seed that the model was made with, or `null` if unknown. */
  seed: number | null;
  /** The batch. */
  batch: {
    /** Number of examples. */
    examples: number;
    /** Seed of a random batch, or `null` for a given one. */
    seed: number | null;
  };
  /** Differentiated or minimised objective; absent if the probe needs none. */
  objective?: {
    /** `sum`, the name of a loss, or the name of a function. */
    name: string;
  };
}
