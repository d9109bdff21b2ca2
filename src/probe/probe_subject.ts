/** What was probed, as messages describe it. */
export interface ProbeSubject {
  /** The model. */
  model: {
    /** Its name. */
    name: string;
  };
  /** The seed that the model was made under, or `null` when it is not known. */
  seed: number | null;
  /** The batch. */
  batch: {
    /** How many examples. */
    examples: number;
    /** Seed of a random batch, or `null` for a given one. */
    seed: number | null;
  };
  /** What was differentiated or minimised; absent if the probe needs no objective. */
  objective?: {
    /** `sum`, the name of a loss, or the name of a function. */
    name: string;
  };
}
