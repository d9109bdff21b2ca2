import { InputError } from "../../words/input_error.ts";

/**
 * Returns an axis counted from 0.
 *
 * @throws {InputError} If a tensor of this rank has none.
 */
export function axisOf(dim: number, rank: number): number {
  const count = Math.max(1, rank);
  if (dim >= -count && dim < count) return dim < 0 ? dim + count : dim;
  throw new InputError({ place: "dim", found: String(dim), expected: `${-count} to ${count - 1}` });
}

/** Returns axes counted from 0; all if there are none given. */
export function axesOf(dims: readonly number[] | number | null, rank: number): number[] {
  if (typeof dims === "number") return rank === 0 ? [] : [axisOf(dims, rank)];
  if (dims === null || dims.length === 0) return Array.from({ length: rank }, (_, axis) => axis);
  return rank === 0 ? [] : dims.map((dim) => axisOf(dim, rank));
}

/** Returns the number of entries of a shape. */
export const sizeOf = (shape: readonly number[]): number =>
  shape.reduce((product, size) => product * size, 1);

/** Returns the order of axes that exchanges two of them. */
export function exchange(rank: number, a: number, b: number): number[] {
  const order = Array.from({ length: rank }, (_, axis) => axis);
  order[a] = b;
  order[b] = a;
  return order;
}

/** Returns the shape of a rank with `size` at one axis and 1 elsewhere. */
export function alongAxis(rank: number, axis: number, size: number): number[] {
  return Array.from({ length: rank }, (_, i) => i === axis ? size : 1);
}
