import type { Tensor } from "../tensorflow.ts";
import type { GradientFactory } from "./kernel_context.ts";

/** The inputs of each kernel whose output is a truth value or a whole number. */
const INPUTS: Record<string, string[]> = {
  Greater: ["a", "b"],
  Less: ["a", "b"],
  LessEqual: ["a", "b"],
  Equal: ["a", "b"],
  NotEqual: ["a", "b"],
  LogicalAnd: ["a", "b"],
  LogicalOr: ["a", "b"],
  LogicalXor: ["a", "b"],
  LogicalNot: ["x"],
  Any: ["x"],
  All: ["x"],
  FloorDiv: ["a", "b"],
};

/**
 * The gradients of comparisons, of logic and of floored division: 0, for their output is constant almost
 * everywhere. TensorFlow.js has the one of `GreaterEqual` only; without the others a thresholded ReLU, and
 * a mask behind anything trainable, cannot be differentiated. To `FloorDiv` it gives the gradient of a
 * division that is not floored.
 */
export const piecewiseConstantGradients: GradientFactory[] = Object.entries(INPUTS).map(
  ([kernelName, inputsToSave]): GradientFactory => ({ tf }) => ({
    kernelName,
    inputsToSave,
    gradFunc: (_dy, saved) =>
      Object.fromEntries(
        inputsToSave.map((name, i) => [name, () => tf.zeros((saved as Tensor[])[i].shape)]),
      ),
  }),
);
