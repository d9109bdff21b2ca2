/**
 * Puts a computation off until its result is asked for, and does it once: most rules find nothing, and
 * a study asks them thousands of times.
 */
export function once<T>(compute: () => T): () => T {
  let known: { value: T } | null = null;
  return () => (known ??= { value: compute() }).value;
}
