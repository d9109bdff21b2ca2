/**
 * The engine: TensorFlow.js on WASM, started and stopped.
 *
 * @module
 */
export type * from "./tensorflow.ts";
export type * from "./engine.ts";
export * from "./engine_error.ts";
export type * from "./engine_options.ts";
export { startEngine } from "./start_engine.ts";
export { runningEngine } from "./running_engine.ts";
export { chooseThreads } from "./choose_threads.ts";
export * from "./heap_view.ts";
