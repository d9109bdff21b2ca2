import type { ThresholdTable } from "./threshold_entry.ts";

/** Threshold of rules whose verdict depends on the batch. */
export const MIN_EXAMPLES = {
  minExamples: {
    default: 8,
    unit: "examples in the batch",
    range: [1, Infinity],
    source: "own: a healthy ReLU unit is off on all of 8 independent examples once in 256",
    about: "Fewest examples on which a batch-dependent rule gives a verdict.",
  },
} satisfies ThresholdTable;

/** Threshold of rules about what an output must not depend on. */
export const LEAK_TOLERANCE = {
  leakTolerance: {
    default: 1e-6,
    unit: "change of an output / rms of that output",
    range: [0, Infinity],
    source: "own: an output that does not depend on an input stays identical bit by bit",
    about: "Largest change of an output with inputs that it must not depend on.",
  },
} satisfies ThresholdTable;
