import type { LayerMeasurements } from "../measure/measurements.ts";

/** A layer of one network and the same layer of another. */
export type LayerPair = readonly [before: LayerMeasurements, after: LayerMeasurements];

/** Which layers of two networks are the same. */
export interface MatchedLayers {
  /** Layers that both have, in the order of the second network. */
  pairs: LayerPair[];
  /** Layers of the first network alone. */
  onlyBefore: LayerMeasurements[];
  /** Layers of the second network alone. */
  onlyAfter: LayerMeasurements[];
}

/**
 * Finds the layers that two networks share. A name that somebody gave finds its layer wherever it is. A name
 * that TensorFlow.js or Keras made up only counts layers, and every layer before it moves it; such layers are
 * matched by their order, class and shapes. A layer of another class is another layer.
 */
export function matchLayers(
  before: readonly LayerMeasurements[],
  after: readonly LayerMeasurements[],
): MatchedLayers {
  const partners = new Map<LayerMeasurements, LayerMeasurements>();
  const waiting = Map.groupBy(before.filter((layer) => !isAutomatic(layer)), givenName);
  for (const layer of after) {
    if (isAutomatic(layer)) continue;
    const partner = waiting.get(givenName(layer))?.shift();
    if (partner !== undefined) partners.set(layer, partner);
  }
  for (const [one, other] of align(before.filter(isAutomatic), after.filter(isAutomatic))) {
    partners.set(other, one);
  }
  const found = new Set(partners.values());
  return {
    pairs: after.flatMap((layer): LayerPair[] => {
      const partner = partners.get(layer);
      return partner === undefined ? [] : [[partner, layer]];
    }),
    onlyBefore: before.filter((layer) => !found.has(layer)),
    onlyAfter: after.filter((layer) => !partners.has(layer)),
  };
}

const letters = (text: string) => text.toLowerCase().replaceAll(/[^a-z0-9]/g, "");

/** Whether a name was made of the class and a number: `dense_Dense3` by TensorFlow.js, `dense_3` by Keras. */
function isAutomatic({ name, className }: LayerMeasurements): boolean {
  const kind = letters(className);
  const own = letters(name.slice(name.lastIndexOf("/") + 1));
  return kind !== "" && own.startsWith(kind) && /^\d*$/.test(own.replaceAll(kind, ""));
}

/** A given name, and the class; numbers of nested models that were made up do not count. */
function givenName({ name, className }: LayerMeasurements): string {
  const path = name.replaceAll(/(^|\/)(sequential|model|functional)[_a-z]*\d*(?=\/)/gi, "$1$2");
  return `${className} ${path}`;
}

/** How alike two layers are, 0 where they cannot be the same. */
function likeness(one: LayerMeasurements, other: LayerMeasurements): number {
  if (one.className !== other.className) return 0;
  const shapes = ({ weights }: LayerMeasurements) => JSON.stringify(weights.map((w) => w.shape));
  const output = ({ shape }: LayerMeasurements) => JSON.stringify(shape?.slice(1));
  return 1 + (shapes(one) === shapes(other) ? 2 : 0) + (output(one) === output(other) ? 1 : 0) +
    (one.activation === other.activation ? 0.5 : 0) + (one.name === other.name ? 0.25 : 0);
}

/** Of two sequences the pairs, in order, that are the most alike together. */
function align(
  before: readonly LayerMeasurements[],
  after: readonly LayerMeasurements[],
): LayerPair[] {
  // Layers that look the same share a number, so that each pair of looks is compared once.
  const looks = new Map<string, LayerMeasurements>();
  const lookOf = (layer: LayerMeasurements) => {
    const look = JSON.stringify([
      ...[layer.name, layer.className, layer.activation, layer.shape?.slice(1)],
      layer.weights.map(({ shape }) => shape),
    ]);
    if (!looks.has(look)) looks.set(look, layer);
    return looks.get(look)!;
  };
  const [ones, others] = [before.map(lookOf), after.map(lookOf)];
  let start = 0;
  while (start < ones.length && ones[start] === others[start]) start++;
  const [rows, columns] = [ones.length - start, others.length - start];
  /** The best that the layers from a row and a column on come to. */
  const best = new Float64Array((rows + 1) * (columns + 1));
  const at = (row: number, column: number) => row * (columns + 1) + column;
  const together = (row: number, column: number) => {
    const alike = likeness(ones[start + row], others[start + column]);
    return alike === 0 ? -1 : alike + best[at(row + 1, column + 1)];
  };
  for (let row = rows - 1; row >= 0; row--) {
    for (let column = columns - 1; column >= 0; column--) {
      const apart = Math.max(best[at(row + 1, column)], best[at(row, column + 1)]);
      best[at(row, column)] = Math.max(apart, together(row, column));
    }
  }
  const pairs = ones.slice(0, start).map((_, i): LayerPair => [before[i], after[i]]);
  for (let row = 0, column = 0; row < rows && column < columns;) {
    if (together(row, column) === best[at(row, column)]) {
      pairs.push([before[start + row++], after[start + column++]]);
    } else if (best[at(row + 1, column)] === best[at(row, column)]) row++;
    else column++;
  }
  return pairs;
}
