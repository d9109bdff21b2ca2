import type { LayerMeasurements } from "../measure/measurements.ts";

/** A figure with three significant digits: `0.97`, `5.29e-7`, `0`, `Infinity`. */
export function formatNumber(value: number): string {
  if (!Number.isFinite(value) || value === 0) return String(value);
  const rounded = Number(value.toPrecision(3));
  const size = Math.abs(rounded);
  const plain = size >= 1e-3 && size < 1e5;
  return plain ? String(rounded) : rounded.toExponential().replace("e+", "e");
}

/** A share as a percentage: `45 %`, `99.6 %`. */
export function formatPercent(fraction: number): string {
  const percent = fraction * 100;
  // 99.97 must not print as 100: nothing but all is all.
  const rounded = Math.round(percent * 10) / 10;
  if (rounded === 100 && fraction < 1) return "> 99.9 %";
  if (rounded === 0 && fraction > 0) return "< 0.1 %";
  return `${rounded} %`;
}

/** A factor to multiply by: `1/894` where it is below 1, else `1.41`. */
export function formatFactor(factor: number): string {
  if (factor >= 1 || factor <= 0) return formatNumber(factor);
  const divisor = 1 / factor;
  return `1/${divisor >= 100 && divisor < 1e5 ? Math.round(divisor) : formatNumber(divisor)}`;
}

/** A noun with its number: `1 example`, `32 examples`. */
export function formatCount(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

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
