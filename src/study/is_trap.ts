/**
 * Whether an error is, or comes from, a trap in WASM (memory that is used up, an abort). The engine is
 * of no use afterwards; another worker may fare better.
 */
export function isTrap(error: unknown): boolean {
  return error instanceof WebAssembly.RuntimeError ||
    (error instanceof Error && error.cause !== undefined && isTrap(error.cause));
}
