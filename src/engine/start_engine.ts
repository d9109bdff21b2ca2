import type { Engine } from "./engine.ts";
import { runningEngine, setRunningEngine } from "./running_engine.ts";

/** Options of {@linkcode startEngine}. */
export interface EngineOptions {
  /** Threads of the kernels: a number, or `"auto"`. Default: 1. */
  threads?: number | "auto";
  /** Whether kernels may use relaxed SIMD where the runtime has it. Default: true. */
  relaxedSimd?: boolean;
}

/** Starts the engine. (First step: one thread; the rest follows.) */
export async function startEngine(_options: EngineOptions = {}): Promise<Engine> {
  const already = runningEngine();
  if (already !== null) return already;
  const tf = await import("@tensorflow/tfjs");
  await import("@tensorflow/tfjs-backend-wasm");
  tf.env().set("PROD", true);
  if (!await tf.setBackend("wasm")) throw new Error("the WASM backend did not start");
  const engine: Engine = {
    tf,
    threads: 1,
    simd: true,
    relaxedSimd: false,
    version: tf.version.tfjs,
    stop: () => {
      setRunningEngine(null);
      return Promise.resolve();
    },
    [Symbol.asyncDispose]() {
      return this.stop();
    },
  };
  setRunningEngine(engine);
  return engine;
}
