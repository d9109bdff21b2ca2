import type { WasmBackend } from "./wasm_backend.ts";

/** Our own WASM module, bound to the heap of one TensorFlow.js backend. */
export interface NativeModule {
  /** Whether it computes with fused multiply-add (relaxed SIMD). */
  readonly relaxedSimd: boolean;
  /** The same module on another heap. */
  onHeapOf(backend: WasmBackend): NativeModule;
}
