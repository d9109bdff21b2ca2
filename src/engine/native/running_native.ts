import { hasRelaxedSimd } from "../has_relaxed_simd.ts";
import { NativeModule } from "./native_module.ts";
import type { WasmBackend } from "./wasm_backend.ts";

let running: NativeModule | null = null;

/** Our own WASM module on the heap of the running engine, or `null` where no kernels are installed. */
export function runningNative(): NativeModule | null {
  return running;
}

/** Records it; for `installKernels` alone. */
export function setRunningNative(native: NativeModule | null): void {
  running = native;
}

/**
 * Our own WASM module on the heap of a backend.
 *
 * @param backend The backend whose heap it works on.
 * @param options `relaxedSimd`: use it where the runtime has it; `threads`: how many to compute in.
 */
export function createNativeModule(
  backend: WasmBackend,
  { relaxedSimd, threads }: { relaxedSimd: boolean; threads: number },
): NativeModule {
  return new NativeModule(backend, relaxedSimd && hasRelaxedSimd(), threads);
}
