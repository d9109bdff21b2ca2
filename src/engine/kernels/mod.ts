/**
 * Kernels that add to, correct or speed up those of the TensorFlow.js WASM backend, and repairs of its
 * layers for what no kernel can reach.
 *
 * @module
 */
export { installKernels, type KernelOptions } from "./install_kernels.ts";
export * from "../layers/mod.ts";
export type { Layer, TensorFlow } from "../tensorflow.ts";
