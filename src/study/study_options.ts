import type { LossName } from "../model/objective.ts";
import type { Tensor } from "../engine/tensorflow.ts";
import type { Shard } from "./shard.ts";

/** How a study is run. */
export interface StudyOptions {
  /** Examples in a random batch. Default: 32, or fewer where a pass of them would not fit the WASM heap. */
  examples?: number;
  /** A batch from a JSON file, the same for every seed. Default: the module's batch, else a random one. */
  batch?: string | null;
  /**
   * The scalar to differentiate. A function cannot be sent to workers. Default: the module's objective,
   * else what `measure()` chooses for the model.
   */
  objective?: "sum" | LossName | ((outputs: Tensor[], targets: Tensor[]) => Tensor) | null;
  /**
   * Scales only the kernels of layers whose name matches. Default: all kernels; of the exercise's
   * network those that were drawn with its standard deviation of 200.
   */
  scaleLayers?: RegExp | null;
  /** How many examples to take at a time, as `measure` has it. Default: `"auto"`. */
  microBatch?: number | "auto";
  /** True to measure a model file however much memory and work it asks for, see SECURITY.md. Default: false. */
  trust?: boolean;
  /** Whether kernels may use relaxed SIMD, see `startEngine`. Default: true. */
  relaxedSimd?: boolean;
  /**
   * How many workers measure, each with a single-threaded engine; no figure depends on it. `"auto"` begins
   * in this process and continues with one worker per core if the rest takes long enough. Default: 1,
   * which means this process and no worker.
   */
  jobs?: number | "auto";
  /** Measures one part of the points only. Default: all. */
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

/** How far a study has come. */
export interface StudyProgress {
  /** Points measured, including those of an earlier run. */
  done: number;
  /** Points of this study, or of this shard. */
  total: number;
  /** How many workers measure; 0 if it is this process. */
  workers: number;
}
