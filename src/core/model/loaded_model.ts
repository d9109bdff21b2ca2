import type { LayersModel } from "../../engine/tensorflow.ts";
import type { Batch } from "./batches/batch.ts";
import type { Objective } from "./objective.ts";

/** Kind of a setting of a compiled program that a saved model may have and this package may lack. */
export type Setting = "loss" | "optimizer";

/** Setting of the compiled program that was not reproduced, so that another one took its place. */
export interface NotReproduced {
  /** Kind of setting; `"argument"` for an argument of the loss that Keras does not save. */
  setting: Setting | "argument";
  /**
   * Name of the setting in the program: `Huber`, `Adam with ExponentialDecay`; `null` for the loss of a program that
   * was compiled with an optimizer alone.
   */
  name: string | null;
  /** Setting that took its place: `the sum of the outputs`, `Adam`. */
  substitute: string;
}

/** Replaced setting before the objective of a pass is known: `null` for the objective. */
type ReplacedSetting = Omit<NotReproduced, "substitute"> & { substitute: string | null };

const replaced = new WeakMap<LayersModel, ReplacedSetting[]>();

/** Records that a model was saved with a setting that it does not have now. */
export function noteNotReproduced(model: LayersModel, one: ReplacedSetting): void {
  replaced.set(model, [...replaced.get(model) ?? [], one]);
}

/** Returns the settings that a model was saved with and does not have. */
export function notReproducedIn(model: LayersModel): readonly ReplacedSetting[] {
  return replaced.get(model) ?? [];
}

/** Size that `createModel` of a module is asked for. */
export interface ModelSize {
  /** Number of units of a hidden layer. Default: the module's own. */
  width?: number;
  /** Number of hidden layers or blocks. Default: the module's own. */
  depth?: number;
}

/** Options of {@linkcode loadModel}. */
export interface LoadModelOptions {
  /**
   * Seed with which a module creates its model, and from which weights are drawn that no file has.
   * Default: 0.
   */
  seed?: number;
  /**
   * Modules to import first: each exports `register({ tf })`, which registers the custom classes of
   * a model.json with `tf.serialization.registerClass`. Default: none.
   */
  register?: readonly string[];
  /**
   * Called with the model of a file, and the number of weights in the file, before they are read or
   * drawn; an error ends the loading. Default: nothing. Not called for a module, which makes the
   * weights with its model.
   */
  beforeWeights?: (model: LayersModel, entries: number) => void;
  /** Size of the model that a module creates. Default: the module's own. */
  size?: ModelSize;
}

/** Model with its settings. */
export interface LoadedModel {
  /**
   * Model; the caller disposes of it. A model that its module exports already built is shared by
   * later loads; do not dispose of it.
   */
  model: LayersModel;
  /** Name that its author gave it, or the name of its file. */
  name: string;
  /** Origin, in the words of the caller. */
  source: string;
  /** Path of the file. */
  path: string;
  /**
   * Kind of file: `"json"`: a TensorFlow.js model with its weights; `"keras"`: a model with its
   * weights as Keras saves it; `"torch"`: a program that PyTorch exported, with its weights;
   * `"module"`: code that creates one.
   */
  kind: "json" | "keras" | "torch" | "module";
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
    | ((examples: number, seed: number, objective?: Objective) => Promise<Batch>)
    | null;
  /** Creates the model again under another seed or size; `null` if that is impossible. */
  recreate: ((seed: number, size?: ModelSize) => Promise<LayersModel>) | null;
  /** Notes on how the file was read, a sentence each. Default: none. */
  notes?: readonly string[];
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

/** Returns true for the address of a file on a server, or the name of a model of Hugging Face. */
export const isRemote = (path: string): boolean => /^(https?:\/\/|hf:)/i.test(path);

/** Returns true for the path of a model saved by Keras. */
export const isKerasFile = (path: string): boolean => /\.(keras|h5|hdf5)$/i.test(path);

/** Returns true for the path of a program that PyTorch exported. */
export const isProgramFile = (path: string): boolean => /\.pt2$/i.test(path);

/** Returns true for the path of a module: code that creates a model. */
export const isModule = (path: string): boolean => !isRemote(path) && /\.[cm]?[jt]sx?$/i.test(path);

/** Returns true for the path of a JSON file, such as a model.json. */
export const isJsonFile = (path: string): boolean => /\.json$/i.test(path) && !isIndexFile(path);

/** Returns true for the path of the index of weights in shards. */
export const isIndexFile = (path: string): boolean =>
  /\.(safetensors|bin)\.index\.json$/i.test(path);

/**
 * Returns true for a path with `*` in place of the number of a shard, which means all shards:
 * `model-*-of-00003.safetensors`.
 */
export const isShardPattern = (path: string): boolean =>
  /(^|[\\/])[^*\\/]*\*[^*\\/]*\.(safetensors|bin)$/i.test(path);

/** Returns true for the path of a file with weights and no topology, or of which only they are read. */
export const isWeightsFile = (path: string): boolean =>
  isRemote(path) || isTorchFile(path) || isIndexFile(path) ||
  /\.(bin|np[yz]|weights\.h5)$/i.test(path);

/**
 * Returns true for the path of weights as PyTorch users save them. The shards of a model.json end
 * in `.bin` too.
 */
export const isTorchFile = (path: string): boolean =>
  /\.(safetensors|(pt|pth|ckpt)(\.tar)?)$/i.test(path);

/** Returns true for the path of a model, or of weights that are judged alone. */
export const isModelFile = (path: string): boolean =>
  isJsonFile(path) || isKerasFile(path) || isProgramFile(path) || isModule(path) ||
  // Most files of NumPy hold data.
  isWeightsFile(path) && !/\.np[yz]$/i.test(path);

/**
 * Returns the module whose code makes a model; `null` if all files are data.
 *
 * @param files The model's file, and the modules that register its classes.
 */
export function codeOf(
  { model, register = [] }: { model: string | null; register?: readonly string[] },
): string | null {
  const isData = model === null || isJsonFile(model) || isKerasFile(model) || isProgramFile(model);
  return isData ? register[0] ?? null : model;
}
