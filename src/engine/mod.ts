/**
 * Engine: starts and stops TensorFlow.js on WASM.
 *
 * @module
 */
export { chooseThreads } from "./engine.ts";
export { type Engine, EngineError, type EngineOptions } from "./engine.ts";
export { heapView } from "./heap/heap.ts";
export { runningEngine } from "./running_engine.ts";
export { startEngine } from "./start/start_engine.ts";
export type { Callback, Layer, LayersModel, Optimizer, Tensor, TensorFlow } from "./tensorflow.ts";
