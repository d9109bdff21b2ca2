import { list, number, object, optional, requireValue, string } from "../words/shape.ts";
/** Options of {@linkcode layerRange}. */
export interface LayerRangeOptions {
  /**
   * Names of all layers in the order of the model. With it, consecutive layers form a range
   * whatever their names; without it, only numbered names do.
   */
  order?: readonly string[];
  /** Number of names and ranges before `and n more`. Default: 8. */
  max?: number;
}

/**
 * Lists layers compactly: three or more consecutive ones become a range.
 *
 * @param names Names of layers, in the order of the model.
 * @param options See {@linkcode LayerRangeOptions}.
 * @returns The list, `dense_2 ... dense_10, output` for instance; empty for no names.
 *
 * @example
 * ```ts
 * import { layerRange } from "@gradient-health/gradient-health/render";
 * import { assertEquals } from "@std/assert";
 *
 * assertEquals(
 *   layerRange(["dense_2", "dense_3", "dense_4", "head"]),
 *   "dense_2 ... dense_4, head",
 * );
 * ```
 */
export function layerRange(names: readonly string[], options: LayerRangeOptions = {}): string {
  requireValue("names", names, list(string));
  requireValue(
    "options",
    options,
    object({ order: optional(list(string)), max: optional(number) }),
  );
  const { order = [], max = 8 } = options;
  const place = new Map(order.map((name, index) => [name, index]));
  const runs: string[][] = [];
  for (const name of names) {
    const run = runs.at(-1);
    if (run !== undefined && follows(run[run.length - 1], name, place)) run.push(name);
    else runs.push([name]);
  }
  // A range of two would not be shorter.
  const pieces = runs.flatMap((run) =>
    run.length < 3
      ? run.map((name) => ({ text: name, layers: 1 }))
      : [{ text: `${run[0]} ... ${run[run.length - 1]}`, layers: run.length }]
  );
  if (pieces.length <= max) return pieces.map(({ text }) => text).join(", ");
  const rest = pieces.slice(max).reduce((sum, { layers }) => sum + layers, 0);
  return `${pieces.slice(0, max).map(({ text }) => text).join(", ")} and ${rest} more`;
}

function follows(a: string, b: string, place: Map<string, number>): boolean {
  const placeOfA = place.get(a);
  if (placeOfA !== undefined && place.get(b) === placeOfA + 1) return true;
  const [, stem, number] = /^(.*?)(\d{1,9})$/s.exec(a) ?? [];
  return number !== undefined && b === `${stem}${Number(number) + 1}`;
}
