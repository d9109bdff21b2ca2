import type { LayersModel, Tensor } from "../engine/tensorflow.ts";
import { isDisposed } from "../model/is_disposed.ts";
import { inputName } from "./tensor_names.ts";

/**
 * Checks that the inputs of a batch are what the model takes, and that both are still there.
 *
 * @returns The number of examples.
 * @throws {TypeError} If something is not a tensor, or it or the model was disposed of.
 * @throws {RangeError} If the number of inputs, a shape, or a number of examples is off.
 */
export function checkBatch(
  model: LayersModel,
  inputs: Tensor[],
  targets: Tensor[] | null,
): number {
  if (isDisposed(model)) {
    throw new TypeError(`Cannot measure model ${model.name}: it was disposed of`);
  }
  for (const tensor of [...inputs, ...targets ?? []]) {
    if (!Array.isArray(tensor?.shape) || typeof tensor.dataSync !== "function") {
      throw new TypeError(
        `Cannot measure with a batch of ${typeof tensor}s: inputs and targets must be tensors`,
      );
    }
    if (tensor.isDisposed) {
      throw new TypeError(
        `Cannot measure with a batch that was disposed of: a tensor of shape [${
          tensor.shape.join(", ")
        }] is gone`,
      );
    }
  }
  if (inputs.length !== model.inputs.length) {
    throw new RangeError(
      `Cannot measure model ${model.name}: it takes ${model.inputs.length} input(s), ` +
        `the batch has ${inputs.length}`,
    );
  }
  inputs.forEach((tensor, i) => {
    const expected = model.inputs[i].shape;
    const fits = expected.length === tensor.shape.length &&
      expected.every((size, axis) => size === null || size === tensor.shape[axis]);
    if (!fits) {
      throw new RangeError(
        `Cannot measure model ${model.name}: its input ${
          JSON.stringify(inputName(model, i))
        } has shape ` +
          `[${expected.map((size) => size ?? "any").join(", ")}], ` +
          `the batch has [${tensor.shape.join(", ")}]`,
      );
    }
  });
  const examples = inputs[0].shape[0];
  const other = [...inputs, ...targets ?? []].find((tensor) => tensor.shape[0] !== examples);
  if (other !== undefined) {
    throw new RangeError(
      `Cannot measure with a batch whose tensors have ${examples} and ${
        other.shape[0]
      } examples: ` +
        `the first axis must be the same`,
    );
  }
  if (!(examples > 0)) throw new RangeError("Cannot measure with a batch of 0 examples");
  return examples;
}
