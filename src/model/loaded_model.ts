import type { LayersModel } from "../engine/tensorflow.ts";
import type { Batch } from "./batch.ts";
import type { Objective } from "./objective.ts";

/** A model, and what came with it. */
export interface LoadedModel {
  /** The model; the caller's to dispose, unless its module built it: then it is handed out again. */
  model: LayersModel;
  /** What to call it: the name that its author gave it, or the name of its file. */
  name: string;
  /** Where it came from, as the caller put it. */
  source: string;
  /** The file. */
  path: string;
  /**
   * `"json"`: a TensorFlow.js model with its weights; `"keras"`: a model with its weights as Keras saves it;
   * `"module"`: code that creates one.
   */
  kind: "json" | "keras" | "module";
  /** Seed that it was created with, or `null` where it came with its weights, or was built by its module. */
  seed: number | null;
  /** Objective that its author wants it to be measured with, or `null`. */
  objective: Objective | null;
  /**
   * Makes a batch of the given number of examples from a seed, or `null` where its author left that open. Rejects
   * with a {@linkcode ModelError} if the batch does not suit the model, or its targets the objective
   * that they are for (default: any loss will do).
   */
  createBatch:
    | ((
      examples: number,
      seed: number,
      objective?: Objective,
    ) => Promise<Batch>)
    | null;
  /** Creates the model again under another seed, or `null` where it cannot be. */
  recreate: ((seed: number) => Promise<LayersModel>) | null;
}

/** Whether a module has built the model while it was imported, so that the seed has no effect on it. */
export const isBuilt = ({ kind, recreate }: Pick<LoadedModel, "kind" | "recreate">): boolean =>
  kind === "module" && recreate === null;

/** What to know where such a model is measured under several seeds. */
export const sameWeights = (path: string): string =>
  `${path} exports a model that is already built: its weights are the same under every seed, which ` +
  "draws the batch alone; export createModel({ tf, seed }) instead to have them drawn";
