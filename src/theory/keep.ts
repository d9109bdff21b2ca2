/**
 * Number of results that a cache holds before it is cleared. Networks ask for the same few results
 * again; normalised ones for little else. Cached values are pure functions of numbers, so clearing
 * only costs time.
 */
const MAX_CACHED_RESULTS = 2000;

/** Returns the cached result for a key, and computes it the first time. */
export function keep<Key, T>(known: Map<Key, T>, key: Key, compute: () => T): T {
  let result = known.get(key);
  if (result === undefined) {
    if (known.size >= MAX_CACHED_RESULTS) known.clear();
    known.set(key, result = compute());
  }
  return result;
}
