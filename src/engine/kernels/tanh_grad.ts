import type { TensorInfo } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";

/** `TanhGrad`, dy (1 - y^2) in one sweep; a kernel of this project, for `tanhGradient`. */
export const tanhGradKernel = defineKernel<unknown, { dy: TensorInfo; y: TensorInfo }>(
  "TanhGrad",
  ({ tf, backend, native, address }, { dy, y }) => {
    const result = backend.makeOutput(y.shape, "float32");
    native.tanhGradient(address(y), address(dy), address(result), tf.util.sizeFromShape(y.shape));
    return result;
  },
);
