import type { LossName } from "../model/objective.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import type { Shard } from "./shard.ts";

/** Options of a study. */
export interface StudyOptions {
  /**
   * Number of examples in a random batch. Default: 32, or fewer if a pass of 32 does not fit the
   * WASM heap.
   */
  examples?: number;
  /**
   * Path of a JSON file with the batch for every seed. Default: the module's batch, else a random
   * one.
   */
  batch?: string | null;
  /**
   * Scalar to differentiate. A function cannot be sent to workers. Default: the module's objective,
   * else the one that `measure()` chooses for the model.
   */
  objective?: "sum" | LossName | ((outputs: Tensor[], targets: Tensor[]) => Tensor) | null;
  /**
   * Pattern of the names of the layers whose kernels are scaled. Default: all kernels; for the
   * exercise network, the ones that were drawn with its standard deviation of 200.
   */
  scaleLayers?: RegExp | null;
  /** Number of examples per step, as for `measure`. Default: `"auto"`. */
  microBatch?: number | "auto";
  /**
   * True to measure a model file regardless of its memory and work, see SECURITY.md. Default:
   * false.
   */
  trust?: boolean;
  /** True if ops may use relaxed SIMD, see `startEngine`. Default: true. */
  relaxedSimd?: boolean;
  /**
   * Number of workers, each with a single-threaded engine; results do not depend on it. `"auto"`
   * begins in this process and continues with one worker per core if the rest takes long enough.
   * Default: 1, this process without workers.
   */
  jobs?: number | "auto";
  /** Part of the points to measure. Default: all. */
  shard?: Shard | null;
  /** Called after every point. */
  onProgress?: (progress: StudyProgress) => void;
  /**
   * Called with a sentence when a worker dies and its point is tried again, or when all seeds have the same
   * weights because a module has built the model.
   */
  onWarning?: (message: string) => void;
  /** Ends the study early; points measured by then are kept. */
  signal?: AbortSignal | null;
}

/** Progress of a study. */
export interface StudyProgress {
  /** Number of measured points, including those of an earlier run. */
  done: number;
  /** Number of points of this study, or of this shard. */
  total: number;
  /** Number of workers; 0 if this process measures. */
  workers: number;
}
