/**
 * Defers a computation until its result is needed, and runs it once. Most rules find nothing, and a
 * study runs them thousands of times.
 */
export function once<T>(compute: () => T): () => T {
  let known: { value: T } | null = null;
  return () => (known ??= { value: compute() }).value;
}
