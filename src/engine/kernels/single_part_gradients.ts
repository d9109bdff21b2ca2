import type { Tensor } from "../tensorflow.ts";
import type { GradientFactory } from "./kernel_context.ts";

/**
 * The gradients of `Unpack` and `SplitV`: the gradients of the parts put together again. Where there is
 * one part only, TensorFlow.js hands its gradient over without a list and its own functions throw: a
 * recurrent layer over a single step has no gradient.
 */
export const singlePartGradients: GradientFactory[] = [
  ({ tf }) => ({
    kernelName: "Unpack",
    gradFunc(parts, _saved, attrs) {
      const { axis } = attrs as unknown as { axis: number };
      return { value: () => tf.stack([parts].flat() as Tensor[], axis) };
    },
  }),
  ({ tf }) => ({
    kernelName: "SplitV",
    gradFunc(parts, _saved, attrs) {
      const { axis } = attrs as unknown as { axis: number };
      return { x: () => tf.concat([parts].flat() as Tensor[], axis) };
    },
  }),
];
