/**
 * Engine: starts and stops TensorFlow.js on WASM.
 *
 * @module
 */
export { chooseThreads } from "./choose_threads.ts";
export type * from "./engine.ts";
export * from "./engine_error.ts";
export type * from "./engine_options.ts";
export * from "./heap_view.ts";
export { runningEngine } from "./running_engine.ts";
export { startEngine } from "./start_engine.ts";
export type * from "./tensorflow.ts";
