/** Options of `startEngine`. */
export interface EngineOptions {
  /**
   * Threads of the kernels: 1 to 8, or `"auto"`, which takes what `chooseThreads` says about
   * {@linkcode workload}. Default: 1. The numbers computed do not depend on it. With more than one the program
   * ends only after the engine was stopped, or by `Deno.exit()`.
   */
  threads?: number | "auto";
  /**
   * For `threads: "auto"`: the floating-point operations of all passes that the engine is to run.
   * Default: 0, which gives one thread: most measured networks are small, and threads would only cost
   * time.
   */
  workload?: number;
  /**
   * Whether kernels may use relaxed SIMD if the runtime has it. It is faster; without it, every machine
   * computes the same numbers. Default: true.
   */
  relaxedSimd?: boolean;
}
