import type { TensorInfo } from "@tensorflow/tfjs";
import { convolutionWindowsOf } from "./convolution_windows_of.ts";
import { defineKernel } from "./define_kernel.ts";
import type { PoolAttributes } from "./pool_attributes.ts";

/**
 * `MaxPoolGrad`. The stock kernel starts its search for the largest entry at 0, so a window whose
 * largest entry is 0 or less gets no gradient. Here every window hands its `dy` to its first largest
 * entry: `dx[argmax] += dy`.
 */
export const maxPoolGradKernel = defineKernel<
  PoolAttributes,
  { dy: TensorInfo; input: TensorInfo }
>("MaxPoolGrad", (context, { dy, input }, { filterSize, strides, pad, dimRoundingMode }) => {
  const { tf, backend, native, address } = context;
  const info = tf.backend_util.computePool2DInfo(
    input.shape as [number, number, number, number],
    filterSize as [number, number],
    strides as [number, number],
    1,
    pad,
    dimRoundingMode,
  );
  const result = backend.makeOutput(info.inShape, "float32");
  native.windows(
    "maxPoolGradient",
    address(input),
    address(dy),
    address(result),
    convolutionWindowsOf(info),
  );
  return result;
});
