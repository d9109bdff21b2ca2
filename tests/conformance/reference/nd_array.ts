/** Float64 arrays of any rank, row-major: all that the reference forward passes compute with. */
export interface NdArray {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** Returns the number of entries of a shape. */
export function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}

/** An array whose entries are zero, given, or computed from their index. */
export function ndArray(
  shape: readonly number[],
  fill: ArrayLike<number> | ((index: number[]) => number) = new Float64Array(sizeOf(shape)),
): NdArray {
  const data = new Float64Array(sizeOf(shape));
  if (typeof fill === "function") {
    eachIndex(shape, (index, flat) => data[flat] = fill(index));
  } else {
    if (fill.length !== data.length) {
      throw new RangeError(`${fill.length} values do not fill the shape [${shape}]`);
    }
    data.set(fill);
  }
  return { shape: [...shape], data };
}

/** Visits every index of a shape in row-major order. The index array is reused: copy it to keep it. */
export function eachIndex(
  shape: readonly number[],
  visit: (index: number[], flat: number) => void,
): void {
  const index = shape.map(() => 0);
  const size = sizeOf(shape);
  for (let flat = 0; flat < size; flat++) {
    visit(index, flat);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (++index[axis] < shape[axis]) break;
      index[axis] = 0;
    }
  }
}

/** Returns the place of an index in the flat data. */
export function offsetOf(shape: readonly number[], index: readonly number[]): number {
  let offset = 0;
  for (let axis = 0; axis < shape.length; axis++) offset = offset * shape[axis] + index[axis];
  return offset;
}

/** The entry at an index. */
export function at(a: NdArray, ...index: number[]): number {
  return a.data[offsetOf(a.shape, index)];
}

/** Applies a function to every entry. */
export function map(a: NdArray, f: (value: number, flat: number) => number): NdArray {
  return { shape: a.shape, data: a.data.map(f) };
}

/** The same entries under another shape. */
export function reshape(a: NdArray, shape: readonly number[]): NdArray {
  return ndArray(shape, a.data);
}

/** Axis `i` of the result is axis `permutation[i]` of the array. */
export function transpose(a: NdArray, permutation: readonly number[]): NdArray {
  const source = a.shape.map(() => 0);
  return ndArray(permutation.map((axis) => a.shape[axis]), (index) => {
    permutation.forEach((axis, i) => source[axis] = index[i]);
    return a.data[offsetOf(a.shape, source)];
  });
}

/** Applies a function of two entries, one of each array; axes of size 1 and missing ones repeat. */
export function zip(a: NdArray, b: NdArray, f: (a: number, b: number) => number): NdArray {
  if (`${a.shape}` === `${b.shape}`) return map(a, (value, flat) => f(value, b.data[flat]));
  const rank = Math.max(a.shape.length, b.shape.length);
  const pad = (shape: readonly number[]) => [...Array(rank - shape.length).fill(1), ...shape];
  const shapeA = pad(a.shape);
  const shapeB = pad(b.shape);
  const pick = (shape: number[], index: number[]) =>
    offsetOf(shape, index.map((i, axis) => shape[axis] === 1 ? 0 : i));
  return ndArray(
    shapeA.map((size, axis) => size === 1 ? shapeB[axis] : size),
    (index) => f(a.data[pick(shapeA, index)], b.data[pick(shapeB, index)]),
  );
}

/** The sub-array from `begin`, of the given size on every axis. */
export function slice(a: NdArray, begin: readonly number[], size: readonly number[]): NdArray {
  return ndArray(size, (index) => {
    let offset = 0;
    for (let axis = 0; axis < begin.length; axis++) {
      offset = offset * a.shape[axis] + begin[axis] + index[axis];
    }
    return a.data[offset];
  });
}

/** Joins arrays along an axis. */
export function concat(parts: readonly NdArray[], axis: number): NdArray {
  const shape = [...parts[0].shape];
  shape[axis] = parts.reduce((sum, part) => sum + part.shape[axis], 0);
  const joined = ndArray(shape);
  const blocks = sizeOf(shape.slice(0, axis));
  let to = 0;
  for (let block = 0; block < blocks; block++) {
    for (const { data } of parts) {
      const size = data.length / blocks;
      joined.data.set(data.subarray(block * size, (block + 1) * size), to);
      to += size;
    }
  }
  return joined;
}

/** Sub-array `i` along an axis, which disappears. */
export function take(a: NdArray, axis: number, i: number): NdArray {
  const size = a.shape.map((n, k) => k === axis ? 1 : n);
  const begin = a.shape.map((_, k) => k === axis ? i : 0);
  return reshape(slice(a, begin, size), a.shape.filter((_, k) => k !== axis));
}

/** Joins arrays of one shape along a new axis. */
export function stack(parts: readonly NdArray[], axis: number): NdArray {
  return concat(
    parts.map((part) =>
      reshape(part, [...part.shape.slice(0, axis), 1, ...part.shape.slice(axis)])
    ),
    axis,
  );
}

/** Combines the entries along some axes into one number each. */
export function reduce(
  a: NdArray,
  axes: readonly number[],
  keepAxes: boolean,
  f: (entries: number[]) => number,
): NdArray {
  const kept = a.shape.map((size, axis) => axes.includes(axis) ? 1 : size);
  const groups: number[][] = Array.from({ length: sizeOf(kept) }, () => []);
  eachIndex(a.shape, (index, flat) => {
    const group = offsetOf(kept, index.map((i, axis) => axes.includes(axis) ? 0 : i));
    groups[group].push(a.data[flat]);
  });
  const shape = keepAxes ? kept : a.shape.filter((_, axis) => !axes.includes(axis));
  return ndArray(shape, groups.map(f));
}

/** The sum of numbers. */
export function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0);
}

/** The arithmetic mean of numbers. */
export function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}

/** The product of two matrices. */
export function matMul(a: NdArray, b: NdArray): NdArray {
  const [rows, inner] = a.shape;
  const columns = b.shape[1];
  const result = ndArray([rows, columns]);
  for (let i = 0; i < rows; i++) {
    for (let k = 0; k < inner; k++) {
      const left = a.data[i * inner + k];
      for (let j = 0; j < columns; j++) {
        result.data[i * columns + j] += left * b.data[k * columns + j];
      }
    }
  }
  return result;
}

/** Sum of two arrays, broadcasting. */
export function add(a: NdArray, b: NdArray): NdArray {
  return zip(a, b, (x, y) => x + y);
}

/** Product of two arrays entry by entry, broadcasting. */
export function multiply(a: NdArray, b: NdArray): NdArray {
  return zip(a, b, (x, y) => x * y);
}
