import type { Tensor, TensorFlow } from "../../engine/tensorflow.ts";
import type { ObservableCell } from "./recurrent_cells.ts";

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
