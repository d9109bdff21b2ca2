/** Options of `startEngine`. */
export interface EngineOptions {
  /**
   * Threads of the kernels: 1 to 8, or `"auto"`, which takes what `chooseThreads` says of
   * {@linkcode workload}. Default: 1. The numbers computed do not depend on it.
   */
  threads?: number | "auto";
  /**
   * For `threads: "auto"`: the floating-point operations of all passes that the engine is to run.
   * Default: 0. Most networks that are measured are small, and threads would only cost: without
   * a workload there is one.
   */
  workload?: number;
  /**
   * Whether kernels may use relaxed SIMD where the runtime has it. It is faster; without it, the
   * same numbers come out on every machine. Default: true.
   */
  relaxedSimd?: boolean;
}
