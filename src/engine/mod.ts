/**
 * The engine: TensorFlow.js on WASM, started and stopped.
 *
 * @module
 */
export * from "./tensorflow.ts";
export * from "./engine.ts";
export { type EngineOptions, startEngine } from "./start_engine.ts";
export { runningEngine } from "./running_engine.ts";
export * from "./heap_view.ts";
