import type { TensorInfo } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";
import type { KernelRepair } from "./kernel_context.ts";

/** Returns true if a shape equals the last axes of another, so that it is added to each row. */
function isRowOf({ shape }: TensorInfo, x: TensorInfo): boolean {
  const missing = x.shape.length - shape.length;
  return missing >= 0 && shape.every((size, axis) => size === x.shape[missing + axis]);
}

/**
 * `Add`, used by every bias, every skip connection, and wherever gradients meet. The stock op runs
 * on one thread, and resolves broadcasting for every entry. Here floats of equal shape, or a row
 * added to each row, take one sweep that threads share; everything else goes to the stock op.
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

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [addKernel],
};
