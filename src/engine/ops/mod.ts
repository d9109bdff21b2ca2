/**
 * Ops that extend, correct or speed up those of the TensorFlow.js WASM backend, and repairs of its
 * layers that no op can provide.
 *
 * @module
 */
export { installOps, type OpOptions } from "./install_ops.ts";
export { installLayerRepairs } from "../repairs/install_layer_repairs.ts";
export { unmeasurableReason } from "../repairs/layer_repair.ts";
export type { Layer, TensorFlow } from "../tensorflow.ts";
