/**
 * Ops that extend, correct or speed up those of the TensorFlow.js WASM backend, and repairs of its
 * layers that no op can provide.
 *
 * @module
 */
export { installKernels, type KernelOptions } from "./install_kernels.ts";
export * from "../layers/mod.ts";
export type { Layer, TensorFlow } from "../tensorflow.ts";
