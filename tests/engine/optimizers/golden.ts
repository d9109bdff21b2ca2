/** Contents of optimizers.json. */
interface Golden {
  shapes: number[][];
  weights: number[][];
  /** By step and weight. */
  gradients: number[][][];
  optimizers: { saved: SavedOptimizer; after: Record<string, number[][]> }[];
  trained: Trained[];
  schedules: { saved: { class_name: string; config: object }; rates: number[] }[];
}

/** A network of 5, 8 and 2 units that Keras has trained for 60 steps. */
interface Trained {
  saved: SavedOptimizer;
  weights: number[][];
  x: number[];
  y: number[];
  /** Before each step, and at the end. */
  losses: number[];
}

/** An optimizer as Keras serialises it. */
export interface SavedOptimizer {
  class_name: string;
  config: Record<string, unknown>;
}

/** Keras's weights after 1, 2 and 20 steps of each optimizer, and its rates by schedule. */
export const golden: Golden = JSON.parse(
  await Deno.readTextFile(new URL("../../../fixtures/golden/optimizers.json", import.meta.url)),
);
