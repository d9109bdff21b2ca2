import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import { InputError } from "../../ground/words/input_error.ts";
import type { ObservableCell } from "./recurrent_cells.ts";

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

/**
 * Value in a graph of PyTorch: a tensor (int32 for int64 and int32, bool for bool, float32 for every
 * float), a number, a list, the name of a dtype ("float32"), memory format, layout or device, or
 * null for None. Complex dtypes do not exist.
 */
export type AtenValue =
  | Tensor
  | WholeFloat
  | number
  | boolean
  | string
  | null
  | readonly AtenValue[];

/** Whole number that is a float in Python: 2.0 makes an integer a float, and 2 does not. */
export class WholeFloat {
  readonly value: number;

  constructor(value: number) {
    this.value = value;
  }
}

/** Surroundings of an operation while a graph runs. */
export interface AtenContext {
  readonly tf: TensorFlow;
  /** True if the pass is one of training. */
  readonly training: boolean;
  /** Draws uniform numbers in [0, 1) from the seed of the pass. */
  uniform(shape: number[]): Tensor;
  /** Cells of a recurrent operation, which a pass may have tapped; built for the call if absent. */
  readonly cells?: readonly ObservableCell[];
  /**
   * Stores the new value of a buffer that the operation updates in place, such as `running_mean`.
   *
   * @param argument Name of the argument in the schema.
   * @param value New value of the buffer, of the same shape.
   */
  write(argument: string, value: Tensor): void;
}

/** Operation of PyTorch's ATen. Its gradients come from TensorFlow.js's tape. */
export interface AtenOp {
  /**
   * PyTorch's schema, by which arguments are named and completed, such as
   * `"linear(Tensor input, Tensor weight, Tensor? bias=None) -> Tensor"`.
   */
  readonly schema: string;
  /**
   * Computes the result: a tensor, or a list if the schema returns several values.
   *
   * @param wholeFloats Names of the arguments of type `Scalar` that are whole floats.
   */
  run(
    args: Readonly<Record<string, AtenValue>>,
    context: AtenContext,
    wholeFloats: ReadonlySet<string>,
  ): AtenValue;
}
