/**
 * Our own WASM module on TensorFlow.js's heap.
 *
 * @module
 */
export * from "./native_module.ts";
export * from "./create_native_module.ts";
export * from "./wasm_backend.ts";
