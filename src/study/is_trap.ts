/**
 * Whether an error is, or comes from, a trap in WASM (memory that is used up, an abort). The engine is
 * of no use afterwards; another worker may fare better.
 */
export function isTrap(error: unknown): boolean {
  try {
    return error instanceof WebAssembly.RuntimeError ||
      (error instanceof Error && error.cause !== undefined && isTrap(error.cause));
  } catch {
    // Somebody's code threw what cannot be looked at.
    return false;
  }
}
