import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "./batch.ts";
import type { Objective } from "./objective.ts";

/** Model with its settings. */
export interface LoadedModel {
  /** Model; the caller disposes of it, unless its module built it: then it is returned again. */
  model: LayersModel;
  /** Name that its author gave it, or the name of its file. */
  name: string;
  /** Origin, as the caller put it. */
  source: string;
  /** Path of the file. */
  path: string;
  /**
   * Kind of file: `"json"`: a TensorFlow.js model with its weights; `"keras"`: a model with its
   * weights as Keras saves it; `"module"`: code that creates one.
   */
  kind: "json" | "keras" | "module";
  /**
   * Seed that it was created with, or `null` if it came with its weights, or was built by its
   * module.
   */
  seed: number | null;
  /** Objective that its author chose for measuring it, or `null`. */
  objective: Objective | null;
  /**
   * Makes a batch of the given number of examples from a seed; `null` if its author left that open.
   * Rejects with a {@linkcode ModelError} if the batch does not suit the model, or its targets do
   * not suit the given objective (default: any loss).
   */
  createBatch:
    | ((
      examples: number,
      seed: number,
      objective?: Objective,
    ) => Promise<Batch>)
    | null;
  /** Creates the model again under another seed; `null` if that is impossible. */
  recreate: ((seed: number) => Promise<LayersModel>) | null;
}

/**
 * Returns true if a module built the model while it was imported, so that the seed has no effect on
 * it.
 */
export const isBuilt = ({ kind, recreate }: Pick<LoadedModel, "kind" | "recreate">): boolean =>
  kind === "module" && recreate === null;

/** Returns a note for a model that is to be measured under several seeds. */
export const sameWeights = (path: string): string =>
  `${path} exports a model that is already built: its weights are the same under every seed, which ` +
  "draws the batch alone; export createModel({ tf, seed }) instead to have them drawn";
