import type { LayerMeasurements } from "../measure/measurements.ts";

/**
 * Lists names briefly: up to three in full, a run of neighbours as `dense_2 ... dense_10`, others
 * as the first three and the number of the rest.
 */
export function listLayers(names: readonly string[], { run }: { run: boolean }): string {
  if (names.length <= 3) return names.join(", ");
  if (run) return `${names[0]} ... ${names[names.length - 1]}`;
  return `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}

/**
 * Returns true if layers are neighbours within their own kind: `Dense` layers are, even with
 * activations between them.
 *
 * @param names The names, in the order of `all`.
 * @param all The layers that the rule could have named.
 */
export function isRun(
  names: readonly string[],
  all: readonly Pick<LayerMeasurements, "name" | "className">[],
): boolean {
  const wanted = new Set(names);
  const kinds = new Set(
    all.filter(({ name }) => wanted.has(name)).map(({ className }) => className),
  );
  const alike = all.filter(({ className }) => kinds.has(className));
  const start = alike.findIndex(({ name }) => name === names[0]);
  return names.every((name, index) => alike[start + index]?.name === name);
}

/**
 * Defers a computation until its result is needed, and runs it once. Most rules find nothing, and a
 * study runs them thousands of times.
 */
export function once<T>(compute: () => T): () => T {
  let known: { value: T } | null = null;
  return () => (known ??= { value: compute() }).value;
}
