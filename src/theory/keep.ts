/**
 * Number of results that a cache keeps before it starts again. Networks ask for the same few again, and normalised ones
 * for little else. What is kept are values of pure functions of numbers, so that clearing costs time and nothing more.
 */
const KEPT = 2000;

/** Returns the result for a key, and computes and caches it the first time. */
export function keep<Key, T>(known: Map<Key, T>, key: Key, compute: () => T): T {
  let result = known.get(key);
  if (result === undefined) {
    if (known.size >= KEPT) known.clear();
    known.set(key, result = compute());
  }
  return result;
}
