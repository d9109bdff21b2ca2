import type { WasmBackend } from "./wasm_backend.ts";

/** Returns the `WebAssembly.Memory` that TensorFlow.js computes in. */
export function heapMemory({ wasm }: WasmBackend): WebAssembly.Memory {
  return wasm.wasmMemory ?? wasm.asm.memory as WebAssembly.Memory;
}
