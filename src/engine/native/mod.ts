/**
 * Our own WASM module on TensorFlow.js's heap.
 *
 * @module
 */
export * from "./convolution_windows.ts";
export * from "./flat_counts.ts";
export * from "./matrix.ts";
export * from "./native_module.ts";
export * from "./running_native.ts";
export * from "./sums.ts";
export * from "./wasm_backend.ts";
