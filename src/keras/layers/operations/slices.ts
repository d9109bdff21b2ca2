import { InputError, refusal } from "../../../words/input_error.ts";
import type { Tensor, TensorFlow } from "../../../engine/tensorflow.ts";
import type { OpenShape } from "../keras_layer.ts";
import { showOpen, WITHIN_EXAMPLES } from "./operation.ts";

/** An item of an index: `x[:, 0, ..., None, 1:3]` has five. */
type IndexItem =
  /** Position on an axis, which is then dropped. */
  | { place: number }
  /** Positions of an axis. */
  | { start: number | null; stop: number | null; step: number }
  /** New axis of one entry. */
  | { isNew: true };

const WHOLE: IndexItem = { start: null, stop: null, step: 1 };

const isWhole = (item: IndexItem) =>
  "step" in item && item.step === 1 && (item.start ?? 0) === 0 && item.stop === null;

/**
 * Reads an index from a file: a whole number, null for a new axis, `["..."]`, or `[start, stop,
 * step]`; one each.
 *
 * @returns An item for each axis of the shape, and the new axes.
 * @throws {InputError} If it is not an index of that shape, or takes examples out of the batch.
 */
export function itemsOf(key: unknown, shape: OpenShape): IndexItem[] {
  const given = key as (number | null | unknown[])[];
  const isRest = (item: unknown) => Array.isArray(item) && item[0] === "...";
  const used = given.filter((item) => item !== null && !isRest(item)).length;
  const rest: IndexItem[] = new Array(Math.max(0, shape.length - used)).fill(WHOLE);
  const hasRest = given.some(isRest);
  const items = [...given, ...hasRest ? [] : [["..."]]].flatMap((item): IndexItem[] => {
    if (item === null) return [{ isNew: true }];
    if (typeof item === "number") return [{ place: item }];
    if (isRest(item)) return rest;
    const [start, stop, step] = item as (number | null)[];
    return [{ start, stop, step: step ?? 1 }];
  });
  if (used > shape.length) {
    throw new InputError(
      refusal`The operation has ${used} indices for ${
        showOpen(shape)
      }, expected at most one per axis`,
    );
  }
  if (items[0] === undefined || !isWhole(items[0])) {
    throw new InputError({
      place: "The operation",
      verb: "takes",
      found: "examples out of the batch",
      expected: `all: ${WITHIN_EXAMPLES}`,
    });
  }
  return items;
}

/** Returns the positions of an axis that a slice takes, as Python counts them. */
function placesOf(item: Extract<IndexItem, { step: number }>, size: number): number[] {
  const { start, stop, step } = item;
  const least = step > 0 ? 0 : -1;
  const most = step > 0 ? size : size - 1;
  const bound = (place: number | null, open: number) =>
    place === null ? open : Math.max(least, Math.min(most, place < 0 ? place + size : place));
  const first = bound(start, step > 0 ? 0 : size - 1);
  const end = bound(stop, step > 0 ? size : -1);
  const places: number[] = [];
  for (let place = first; step > 0 ? place < end : place > end; place += step) places.push(place);
  return places;
}

export function indexedShape(items: readonly IndexItem[], shape: OpenShape): OpenShape {
  let axis = 0;
  return items.flatMap((item): OpenShape => {
    if ("isNew" in item) return [1];
    const size = shape[axis];
    axis++;
    if ("place" in item) {
      const isThere = size === null || item.place >= -size && item.place < size;
      if (isThere) return [];
      throw new InputError(
        refusal`The operation takes index ${item.place} of axis ${
          axis - 1
        }, expected one of ${size} entries`,
      );
    }
    if (isWhole(item)) return [size];
    return [size === null ? null : placesOf(item, size).length];
  });
}

/** Takes entries by an index. */
export function indexed(tf: TensorFlow, x: Tensor, items: readonly IndexItem[]): Tensor {
  const begin: number[] = [];
  const sizes: number[] = [];
  const strided: [axis: number, places: number[]][] = [];
  for (const item of items) {
    if ("isNew" in item) continue;
    const axis = begin.length;
    const size = x.shape[axis];
    if ("place" in item) {
      begin.push(item.place < 0 ? item.place + size : item.place);
      sizes.push(1);
      continue;
    }
    const places = placesOf(item, size);
    const isRange = item.step === 1;
    begin.push(isRange ? places[0] ?? 0 : 0);
    sizes.push(isRange ? places.length : size);
    if (!isRange) strided.push([axis, places]);
  }
  let taken: Tensor = tf.slice(x, begin, sizes);
  for (const [axis, places] of strided) {
    taken = tf.gather(taken, tf.tensor1d(places, "int32"), axis);
  }
  return tf.reshape(taken, indexedShape(items, x.shape) as number[]);
}
