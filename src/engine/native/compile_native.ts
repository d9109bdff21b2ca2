import { binaries } from "./binaries.ts";

const compiled = new Map<string, WebAssembly.Module>();

/**
 * The build of our own WASM module for a heap. It is small, so it is compiled at once, and only when it
 * is asked for.
 *
 * @param shared Whether the heap is shared between threads.
 * @param relaxedSimd Whether to use relaxed SIMD; the runtime must have it.
 */
export function compileNative(shared: boolean, relaxedSimd: boolean): WebAssembly.Module {
  const name = `${shared ? "shared" : "plain"}${relaxedSimd ? "Relaxed" : ""}` as const;
  const module = compiled.get(name) ?? new WebAssembly.Module(decodeBase64(binaries[name]));
  compiled.set(name, module);
  return module;
}

/** The bytes of a base64 string. */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}
