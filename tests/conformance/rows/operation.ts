import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import type { NdArray } from "../reference/mod.ts";
import type { Row, RowInput } from "../row.ts";

/** A row of an operation that a custom layer may use. */
export function operation(
  name: string,
  options: string,
  inputs: RowInput[],
  call: (tf: TensorFlow, inputs: Tensor[]) => Tensor,
  reference: (inputs: NdArray[]) => NdArray,
  more: Partial<Row> = {},
): Row {
  return {
    subject: `tf.${name}`,
    options,
    inputs,
    call: (tf, _layer, tensors) => call(tf, tensors),
    reference,
    ...more,
  };
}
