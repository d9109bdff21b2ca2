import type { NativeModule } from "./native_module.ts";

let running: NativeModule | null = null;

/** Our own WASM module on the heap of the running engine, or `null` where no kernels are installed. */
export function runningNative(): NativeModule | null {
  return running;
}

/** Records it; for `installKernels` alone. */
export function setRunningNative(native: NativeModule | null): void {
  running = native;
}
