/**
 * Ops that extend, correct or speed up those of the TensorFlow.js WASM backend, and repairs of its
 * layers that no op can provide.
 *
 * @module
 */
export { installOps, type OpOptions } from "./install_ops.ts";
export * from "../repairs/mod.ts";
export type { Layer, TensorFlow } from "../tensorflow.ts";
