import type { CheckOptions } from "./check_options.ts";
import { show } from "./show.ts";
import { showName } from "./show_name.ts";

/** Whether a layer's name is the given one, or matches the given pattern. */
export function matchesLayer(pattern: string | RegExp, name: string): boolean {
  // search() ignores the lastIndex of a global or sticky pattern; test() would remember it.
  return typeof pattern === "string" ? pattern === name : name.search(pattern) !== -1;
}

/**
 * The layers that `options.layers` selects, in their order; all without it.
 *
 * @throws {TypeError} If a filter is neither a pattern nor names, or an ignored layer has no reason.
 * @throws {RangeError} If a filter is empty or matches no layer: a typing error must not pass as a green test.
 */
export function selectLayers<L extends { name: string }>(
  layers: L[],
  { layers: filter, ignore = [] }: CheckOptions,
): L[] {
  for (const entry of checkedIgnore(ignore)) mustMatch("ignore", entry.layer, layers);
  if (filter === undefined) return layers;
  const patterns = filter instanceof RegExp ? [filter] : filter;
  if (!Array.isArray(patterns) || patterns.some((name) => !isPattern(name))) {
    throw new TypeError(
      `options.layers must be a RegExp or an array of layer names, got ${show(filter)}.`,
    );
  }
  if (patterns.length === 0) {
    throw new RangeError("options.layers is an empty array, so that no layer would be judged.");
  }
  for (const pattern of patterns) mustMatch("layers", pattern, layers);
  return layers.filter(({ name }) => patterns.some((pattern) => matchesLayer(pattern, name)));
}

function checkedIgnore(ignore: CheckOptions["ignore"]): NonNullable<CheckOptions["ignore"]> {
  const valid = Array.isArray(ignore) &&
    ignore.every((entry) =>
      isPattern(entry?.layer) && typeof entry.reason === "string" && entry.reason.trim() !== ""
    );
  if (!valid) {
    throw new TypeError(
      `options.ignore must be an array of { layer, reason }, each with a reason, got ${
        show(ignore)
      }.`,
    );
  }
  return ignore;
}

function mustMatch(option: string, pattern: string | RegExp, layers: { name: string }[]): void {
  const wanted = typeof pattern === "string" ? showName(pattern) : String(pattern);
  if (layers.length === 0) {
    throw new RangeError(
      `options.${option} names ${wanted}, but this rule judges the model, not single layers.`,
    );
  }
  if (layers.some(({ name }) => matchesLayer(pattern, name))) return;
  const names = layers.slice(0, 8).map(({ name }) => showName(name)).join(", ");
  const more = layers.length > 8 ? `, ... (${layers.length} in all)` : "";
  throw new RangeError(
    `options.${option} names ${wanted}, which no layer matches; the layers are ${names}${more}.`,
  );
}

function isPattern(value: unknown): value is string | RegExp {
  return typeof value === "string" || value instanceof RegExp;
}
