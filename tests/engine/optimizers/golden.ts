/** Contents of optimizers.json. */
interface Golden {
  shapes: number[][];
  weights: number[][];
  /** By step and weight. */
  gradients: number[][][];
  optimizers: { saved: SavedOptimizer; after: Record<string, number[][]> }[];
  schedules: { saved: { class_name: string; config: object }; rates: number[] }[];
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
