import { binaries } from "./binaries.ts";

const compiled = new Map<string, WebAssembly.Module>();

/**
 * Compiles the build of this project's WASM module for a heap. It is small, so it is compiled
 * synchronously and on demand.
 *
 * @param build `shared`: true if the heap is shared between threads; `relaxedSimd`: true to use
 * relaxed SIMD, which the runtime must have.
 */
export function compileNative(
  { shared, relaxedSimd }: { shared: boolean; relaxedSimd: boolean },
): WebAssembly.Module {
  const name = `${shared ? "shared" : "plain"}${relaxedSimd ? "Relaxed" : ""}` as const;
  const module = compiled.get(name) ??
    new WebAssembly.Module(Uint8Array.fromBase64(binaries[name]));
  compiled.set(name, module);
  return module;
}
