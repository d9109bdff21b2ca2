/** How many results a memory keeps: networks ask for the same again, and normalised ones for little else. */
const KEPT = 2000;

/** What is known under a key; computed and kept where nothing is. */
export function keep<Key, T>(known: Map<Key, T>, key: Key, compute: () => T): T {
  let result = known.get(key);
  if (result === undefined) {
    if (known.size >= KEPT) known.clear();
    known.set(key, result = compute());
  }
  return result;
}
