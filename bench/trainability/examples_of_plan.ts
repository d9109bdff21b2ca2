import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import type { Plan } from "./plan.ts";
import { EXAMPLES, type Examples, examplesOf } from "./tasks.ts";

/** The examples of a plan's task, with what the plan does to them. */
export async function examplesOfPlan({ task, data }: Plan): Promise<Examples> {
  const examples = await examplesOf(task);
  const { inputs, targets } = examples;
  return {
    ...examples,
    inputs: data.inputs === undefined ? inputs : editInputs(examples, data.inputs),
    targets: data.targets === undefined
      ? targets
      : targets.map((y) => y * (data.targets!.scale ?? 1) + (data.targets!.offset ?? 0)),
  };
}

function editInputs(
  { inputs, inputShape }: Examples,
  { scale = 1, offset = 0, constant = false, feature = 1 }: NonNullable<Plan["data"]["inputs"]>,
): Float32Array {
  const length = inputs.length / EXAMPLES;
  const features = inputShape.at(-1)!;
  return inputs.map((_, i) => {
    const x = inputs[constant ? i % length : i] * scale + offset;
    return i % features === 0 ? x * feature : x;
  });
}

/** Some of the examples as tensors. */
export function batchOf(
  tf: TensorFlow,
  { inputs, inputShape, targets, outputs }: Examples,
  indices: ArrayLike<number>,
): { inputs: Tensor; targets: Tensor } {
  const rows = (values: Float32Array, length: number): Float32Array => {
    const out = new Float32Array(indices.length * length);
    for (let i = 0; i < indices.length; i++) {
      out.set(values.subarray(indices[i] * length, (indices[i] + 1) * length), i * length);
    }
    return out;
  };
  const length = inputs.length / EXAMPLES;
  return {
    inputs: tf.tensor(rows(inputs, length), [indices.length, ...inputShape]),
    targets: tf.tensor(rows(targets, outputs), [indices.length, outputs]),
  };
}
