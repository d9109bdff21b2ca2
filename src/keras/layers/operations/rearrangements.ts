import { InputError, refusal } from "../../../ground/words/input_error.ts";
import type { Tensor, TensorFlow } from "../../../engine/tensorflow.ts";
import { axesOf, type OpenShape } from "../../../engine/keras_layer.ts";
import {
  broadcastShape,
  innerAxes,
  innerAxis,
  type Operation,
  type OperationSettings,
  showOpen,
  WITHIN_EXAMPLES,
} from "./operation.ts";

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

const sizeOf = (shape: readonly number[]) => shape.reduce((product, size) => product * size, 1);

/** Returns the order of axes that an operation produces. */
type Order = (settings: OperationSettings, shape: OpenShape) => number[];

function permutation(orderOf: Order): Operation {
  const order = (settings: OperationSettings, shape: OpenShape) => {
    const own = orderOf(settings, shape);
    const isComplete = own.toSorted((a, b) => a - b).every((axis, i) => axis === i);
    if (!isComplete || own.length !== shape.length || own[0] !== 0) {
      throw new InputError({
        place: "The operation",
        verb: "puts",
        found: `the axes of ${showOpen(shape)} into the order [${own.join(", ")}]`,
        expected: "the batch first",
        hint: `: ${WITHIN_EXAMPLES}`,
      });
    }
    return own;
  };
  return {
    shape: ([shape], settings) => order(settings, shape).map((axis) => shape[axis]),
    run: (tf, [x], settings) => tf.transpose(x, order(settings, x.shape)),
  };
}

const transposed: Order = ({ axes }, shape) =>
  Array.isArray(axes)
    ? axes.map((axis) => axis < 0 ? axis + shape.length : axis)
    : shape.map((_, i) => shape.length - 1 - i);

const swapped: Order = ({ axis1, axis2 }, shape) => {
  const [a, b] = [axis1, axis2].map((axis) => innerAxis(axis, shape));
  const order = shape.map((_, i) => i);
  order[a] = b;
  order[b] = a;
  return order;
};

const moved: Order = ({ source, destination }, shape) => {
  const from = innerAxis(source, shape);
  const order = shape.map((_, i) => i).filter((axis) => axis !== from);
  order.splice(innerAxis(destination, shape), 0, from);
  return order;
};

/** Returns the shape of an example after a Reshape; at most one size is open. */
function reshaped({ newshape }: OperationSettings, shape: OpenShape): OpenShape {
  const [batch, ...rest] = newshape as (number | null)[];
  const open = rest.filter((size) => size === -1 || size === null);
  const inner = shape.slice(1);
  const isOpen = inner.some((size) => size === null);
  const count = isOpen ? null : sizeOf(inner as number[]);
  const known = sizeOf(rest.filter((size) => size !== -1 && size !== null) as number[]);
  const fits = open.length === 1 || count === null || count === known;
  if ((batch !== -1 && batch !== null) || open.length > 1 || !fits) {
    throw new InputError({
      place: "The operation",
      verb: "gives",
      found: `${showOpen(shape)} the shape ${showOpen(newshape as OpenShape)}`,
      expected: "the batch first, of an open length, and as many entries in each example",
      hint: `: ${WITHIN_EXAMPLES}`,
    });
  }
  const left = count === null ? null : count / known;
  return [null, ...rest.map((size) => size === -1 || size === null ? left : size)];
}

const reshape: Operation = {
  shape: ([shape], settings) => [shape[0], ...reshaped(settings, shape).slice(1)],
  run: (tf, [x], settings) =>
    tf.reshape(x, [x.shape[0], ...reshaped(settings, x.shape).slice(1)] as number[]),
};

function expanded({ axis }: OperationSettings, shape: OpenShape): OpenShape {
  const given = [axis].flat() as number[];
  const rank = shape.length + given.length;
  const axes = innerAxes(given, new Array(rank).fill(1));
  const rest = [...shape];
  return Array.from({ length: rank }, (_, i) => axes.includes(i) ? 1 : rest.shift()!);
}

function squeezed({ axis }: OperationSettings, shape: OpenShape): OpenShape {
  const ones = shape.map((_, i) => i).filter((i) => i > 0 && shape[i] === 1);
  const axes = axis === null || axis === undefined ? ones : innerAxes(axis, shape);
  const other = axes.find((one) => shape[one] !== 1);
  if (other !== undefined) {
    throw new InputError({
      place: "The operation",
      verb: "takes",
      found: `axis ${other} off ${showOpen(shape)}`,
      expected: "an axis of 1",
    });
  }
  return shape.filter((_, i) => !axes.includes(i));
}

/** Defines an operation that gives the same entries another shape. */
function view(shapeOf: (settings: OperationSettings, shape: OpenShape) => OpenShape): Operation {
  return {
    shape: ([shape], settings) => shapeOf(settings, shape),
    run: (tf, [x], settings) => tf.reshape(x, shapeOf(settings, x.shape) as number[]),
  };
}

/** Returns the sizes of the parts into which an axis is split. */
const splitsOpenAxis = () =>
  new InputError(refusal`The operation splits an axis of open length, expected a fixed one`);

function partSizes({ indicesOrSections: parts }: OperationSettings, size: number | null): number[] {
  if (size === null) {
    throw splitsOpenAxis();
  }
  if (typeof parts === "number") {
    if (!Number.isInteger(parts) || parts < 1 || size % parts !== 0) {
      throw new InputError(
        refusal`The operation splits an axis of ${size} into ${parts} parts, expected equal ones`,
      );
    }
    return new Array(parts).fill(size / parts);
  }
  if (!Array.isArray(parts) || !parts.every(Number.isInteger)) {
    throw new InputError({
      place: "The operation",
      verb: "splits",
      found: `an axis at ${JSON.stringify(parts)}`,
      expected: "a number of parts or the places between them",
    });
  }
  const ends = [
    ...(parts as number[]).map((end) => Math.min(end < 0 ? end + size : end, size)),
    size,
  ];
  return ends.map((end, i) => Math.max(0, end - (ends[i - 1] ?? 0)));
}

const withSize = (shape: OpenShape, axis: number, size: number | null): OpenShape =>
  shape.map((own, i) => i === axis ? size : own);

/** Returns the entries at some positions along an axis. */
function gathered(tf: TensorFlow, x: Tensor, places: number[], axis: number): Tensor {
  return tf.gather(x, tf.tensor1d(places, "int32"), axis);
}

/** Returns the common shape of operands. */
function alike(shapes: OpenShape[]): OpenShape {
  const [first, ...others] = shapes;
  if (others.some((shape) => shape.length !== first.length)) {
    const found = shapes.map(showOpen).join(" and ");
    throw new InputError(refusal`The operands have the shapes ${found}, expected the same rank`);
  }
  return broadcastShape(shapes);
}

const timesOf = ({ repeats }: OperationSettings, rank: number): number[] => {
  const given = [repeats].flat() as number[];
  const times = [...new Array(Math.max(0, rank - given.length)).fill(1), ...given];
  if (times.length > rank || times[0] !== 1) {
    throw new InputError({
      place: "The operation",
      verb: "repeats",
      found: `an input of ${rank} axes [${given.join(", ")}] times`,
      expected: "to repeat the batch once",
      hint: `: ${WITHIN_EXAMPLES}`,
    });
  }
  return times;
};

const paddingOf = ({ padWidth }: OperationSettings, shape: OpenShape): [number, number][] => {
  const widths = padWidth as [number, number][];
  if (widths.length === shape.length && widths[0].every((width) => width === 0)) return widths;
  throw new InputError({
    place: "The operation",
    verb: "pads",
    found: "the batch",
    expected: "other axes",
    hint: `: ${WITHIN_EXAMPLES}`,
  });
};

/** Operations that move entries, drop some, or repeat them. */
export const REARRANGEMENTS: Readonly<Record<string, Operation>> = {
  ExpandDims: view(expanded),
  Flip: {
    shape([shape], { axis }) {
      innerAxes(axis, shape);
      return shape;
    },
    run: (tf, [x], { axis }) => tf.reverse(x, innerAxes(axis, x.shape)),
  },
  GetItem: {
    shape: ([shape], { key }) => indexedShape(itemsOf(key, shape), shape),
    run: (tf, [x], { key }) => indexed(tf, x, itemsOf(key, x.shape)),
  },
  Moveaxis: permutation(moved),
  Pad: {
    shape: ([shape], settings) => {
      const widths = paddingOf(settings, shape);
      return shape.map((size, i) => size === null ? null : size + widths[i][0] + widths[i][1]);
    },
    run(tf, [x], settings) {
      const widths = paddingOf(settings, x.shape);
      const { mode } = settings;
      if (mode === "reflect" || mode === "symmetric") return tf.mirrorPad(x, widths, mode);
      return tf.pad(x, widths, (settings.constantValues ?? 0) as number);
    },
  },
  Repeat: {
    shape([shape], { repeats, axis }) {
      const own = innerAxis(axis, shape);
      const size = shape[own];
      return withSize(shape, own, size === null ? null : size * (repeats as number));
    },
    run(tf, [x], { repeats, axis }) {
      const own = innerAxis(axis, x.shape);
      const count = x.shape[own] * (repeats as number);
      const places = Array.from({ length: count }, (_, i) => Math.floor(i / (repeats as number)));
      return gathered(tf, x, places, own);
    },
  },
  Reshape: reshape,
  Roll: {
    shape([shape], { axis }) {
      innerAxis(axis, shape);
      return shape;
    },
    run(tf, [x], { shift, axis }) {
      const own = innerAxis(axis, x.shape);
      const size = x.shape[own];
      const places = Array.from({ length: size }, (_, i) => i - (shift as number))
        .map((place) => ((place % size) + size) % size);
      return gathered(tf, x, places, own);
    },
  },
  Split: {
    shape([shape], settings) {
      const axis = innerAxis(settings.axis, shape);
      return partSizes(settings, shape[axis]).map((size) => withSize(shape, axis, size));
    },
    run(tf, [x], settings) {
      const axis = innerAxis(settings.axis, x.shape);
      return tf.split(x, partSizes(settings, x.shape[axis]), axis);
    },
  },
  Squeeze: view(squeezed),
  Stack: {
    shape(shapes, { axis }) {
      const shape = expanded({ axis }, alike(shapes));
      const own = innerAxis(axis, shape);
      return withSize(shape, own, shapes.length);
    },
    run: (tf, operands, { axis }) =>
      tf.stack(operands, innerAxis(axis, new Array(operands[0].rank + 1).fill(1))),
  },
  Swapaxes: permutation(swapped),
  Take: {
    shape([shape], { axis, indices }) {
      const own = innerAxis(axis, shape);
      const places = Array.isArray(indices) ? [indices.length] : [];
      return [...shape.slice(0, own), ...places, ...shape.slice(own + 1)];
    },
    run(tf, [x], { axis, indices }) {
      const own = innerAxis(axis, x.shape);
      const places = ([indices].flat() as number[])
        .map((place) => place < 0 ? place + x.shape[own] : place);
      const taken = gathered(tf, x, places, own);
      return Array.isArray(indices) ? taken : tf.squeeze(taken, [own]);
    },
  },
  Tile: {
    shape([shape], settings) {
      const times = timesOf(settings, shape.length);
      return shape.map((size, i) => size === null ? null : size * times[i]);
    },
    run: (tf, [x], settings) => tf.tile(x, timesOf(settings, x.rank)),
  },
  Transpose: permutation(transposed),
  Unstack: {
    shape([shape], { axis }) {
      const own = innerAxis(axis, shape);
      const size = shape[own];
      if (size === null) throw splitsOpenAxis();
      return new Array(size).fill(shape.filter((_, i) => i !== own));
    },
    run: (tf, [x], { axis }) => tf.unstack(x, axesOf(axis as number, x.shape, "the operation")[0]),
  },
};
