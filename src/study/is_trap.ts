/**
 * Returns true if an error is, or was caused by, a trap in WASM (out of memory, an abort). The
 * engine is unusable afterwards; another worker may succeed.
 */
export function isTrap(error: unknown): boolean {
  try {
    return error instanceof WebAssembly.RuntimeError ||
      (error instanceof Error && error.cause !== undefined && isTrap(error.cause));
  } catch {
    // User code threw something that cannot be inspected.
    return false;
  }
}
