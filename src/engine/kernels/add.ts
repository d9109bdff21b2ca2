import type { TensorInfo } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";
import type { KernelRepair } from "./kernel_context.ts";

/** Whether a shape is the end of another: it is added to each row of it then. */
function isRowOf({ shape }: TensorInfo, x: TensorInfo): boolean {
  const missing = x.shape.length - shape.length;
  return missing >= 0 && shape.every((size, axis) => size === x.shape[missing + axis]);
}

/**
 * `Add`, behind every bias, every skip connection, and each place where gradients meet. Stock runs on one
 * thread, and looks at every place for how it broadcasts. Here floats of one shape, and a row to each row,
 * are added in a sweep that threads share; everything else is stock's.
 */
const addKernel = defineKernel<unknown, { a: TensorInfo; b: TensorInfo }>(
  "Add",
  ({ tf, backend, native, address, stock }, { a, b }) => {
    const [x, row] = a.shape.length < b.shape.length ? [b, a] : [a, b];
    if (a.dtype !== "float32" || b.dtype !== "float32" || !isRowOf(row, x)) {
      return stock("Add", { a, b });
    }
    const result = backend.makeOutput(x.shape, "float32");
    const count = tf.util.sizeFromShape(x.shape), width = tf.util.sizeFromShape(row.shape);
    if (count === 0) return result;
    if (count === width) native.add(address(x), address(row), address(result), count);
    else native.addRow(address(x), address(row), address(result), count / width, width);
    return result;
  },
);

/** What this file puts in place. */
export const repair: KernelRepair = {
  kernels: [addKernel],
};
