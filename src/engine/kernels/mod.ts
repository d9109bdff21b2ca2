/**
 * Kernels that add to, correct or speed up those of the TensorFlow.js WASM backend.
 *
 * @module
 */
export * from "./install_kernels.ts";
