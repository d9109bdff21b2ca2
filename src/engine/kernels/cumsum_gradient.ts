import type { CumulativeAttributes } from "./cumulative.ts";
import type { Tensor } from "../tensorflow.ts";
import type { GradientFactory } from "./kernel_context.ts";

/**
 * The gradient of `Cumsum`: dy added up from the other end. That of TensorFlow.js is transposed unless
 * the axis is the last: it throws, or is silently wrong where the transposed shape is the same.
 */
export const cumsumGradient: GradientFactory = ({ tf }) => ({
  kernelName: "Cumsum",
  gradFunc(dy, _saved, attrs) {
    const { axis, exclusive, reverse } = attrs as unknown as CumulativeAttributes;
    const { rank } = dy as Tensor;
    // The cpu backend wants its axis from 0, too.
    const from0 = axis < 0 ? axis + rank : axis;
    return { x: () => tf.cumsum(dy as Tensor, from0, exclusive, !reverse) };
  },
});
