import type { LossName } from "../model/objective.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import type { Shard } from "./shard.ts";

/** How a study is run. */
export interface StudyOptions {
  /** Examples in a random batch. Default: 32. */
  examples?: number;
  /** A batch from a JSON file, the same for every seed. Default: the module's, else a random one. */
  batch?: string | null;
  /**
   * The scalar to differentiate. A function cannot be handed to workers. Default: what the module
   * says, else `"sum"`.
   */
  objective?: "sum" | LossName | ((outputs: Tensor[], targets: Tensor[]) => Tensor) | null;
  /**
   * Scales only the kernels of layers whose name matches. Default: all kernels; of the exercise's
   * network those that were drawn with its standard deviation of 200.
   */
  scaleLayers?: RegExp | null;
  /** Whether kernels may use relaxed SIMD, see `startEngine`. Default: true. */
  relaxedSimd?: boolean;
  /**
   * How many workers measure, each with an engine of one thread; no figure depends on it. `"auto"`:
   * begins in this process and goes on with a worker a core when what is left takes long enough.
   * Default: 1, which is no worker but this process.
   */
  jobs?: number | "auto";
  /** Measures one part of the points only. Default: all. */
  shard?: Shard | null;
  /** Called after every point. */
  onProgress?: (progress: StudyProgress) => void;
  /** Told, in a sentence, of a worker that died and of the point that is tried again. */
  onWarning?: (message: string) => void;
  /** Ends the study early; what was measured until then is kept. */
  signal?: AbortSignal | null;
}

/** How far a study has come. */
export interface StudyProgress {
  /** Points measured, those of an earlier run among them. */
  done: number;
  /** Points of this study, or of this shard. */
  total: number;
  /** How many workers measure; 0 where it is this process. */
  workers: number;
}
