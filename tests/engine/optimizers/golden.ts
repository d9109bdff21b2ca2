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

/** Contents of torch_optimizers.json, whose weights and gradients are those of `golden`. */
interface TorchGolden {
  optimizers: { call: string; after: Record<string, number[][]> }[];
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
export const golden: Golden = await read("optimizers.json");

/** PyTorch's weights after the same steps. */
export const torchGolden: TorchGolden = await read("torch_optimizers.json");

async function read<T>(name: string): Promise<T> {
  const file = new URL(`../../../fixtures/golden/${name}`, import.meta.url);
  return JSON.parse(await Deno.readTextFile(file)) as T;
}
