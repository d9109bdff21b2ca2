/** Options of `startEngine`. */
export interface EngineOptions {
  /**
   * Number of threads: 1 to 8, or `"auto"` for the result of `chooseThreads` on {@linkcode
   * workload}. Default: 1. Results do not depend on it. With more than one, the program only ends
   * after the engine was stopped, or by `Deno.exit()`.
   */
  threads?: number | "auto";
  /**
   * Total floating-point operations of all passes that the engine will run, for `threads: "auto"`.
   * Default: 0, which gives one thread: most measured networks are small, and more threads would
   * only cost time.
   */
  workload?: number;
  /**
   * True to use relaxed SIMD if the runtime has it. It is faster; without it, every machine
   * computes the same numbers. Default: true.
   */
  relaxedSimd?: boolean;
}
