import type { LayerMeasurements } from "../measure/measurements.ts";

export { formatCount, formatFactor, formatNumber, formatPercent } from "../words/numbers.ts";

/**
 * Names layers briefly: up to three one by one, a run of neighbours as `dense_2 ... dense_10`,
 * others as the first three and how many more. Neighbours are those of the
 * same kind: between the activations of a network stand its `Dense` layers.
 *
 * @param names The names, in the order of `all`.
 * @param all Among which of the layers a run counts as one: those that the rule could have named.
 */
export function formatLayers(
  names: string[],
  all: Pick<LayerMeasurements, "name" | "className">[],
): string {
  if (names.length <= 3) return names.join(", ");
  const wanted = new Set(names);
  const kinds = new Set(
    all.filter(({ name }) => wanted.has(name)).map(({ className }) => className),
  );
  const alike = all.filter(({ className }) => kinds.has(className));
  const start = alike.findIndex(({ name }) => name === names[0]);
  const run = names.every((name, index) => alike[start + index]?.name === name);
  if (run) return `${names[0]} ... ${names[names.length - 1]}`;
  return `${names.slice(0, 3).join(", ")} and ${names.length - 3} more`;
}
