import type { TensorInfo } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";

/** Entries up to which a sum in float32 is as good as any. */
const WIDE = 1024;

/**
 * `Softmax`: stock adds up the exponentials in float32, and where there are 2^16 equal ones, as an
 * untrained head has them, every probability is off by 2e-4. As that factor is the same for all, here
 * each wide row is divided by what it sums up to, in float64.
 */
export const softmaxKernel = defineKernel<unknown, { logits: TensorInfo }>(
  "Softmax",
  (context, { logits }, attributes) => {
    const { tf, backend, native, address, stock, dispose } = context;
    const result = stock("Softmax", { logits }, attributes as object);
    const width = logits.shape.at(-1) ?? 1;
    if (width <= WIDE) return result;
    const blocks = tf.util.sizeFromShape(logits.shape) / width;
    const sums = backend.makeOutput([blocks], "float32");
    const size = { blocks, rows: width, width: 1 };
    native.axisSums(address(result), address(sums), size, { divisor: 1, isWide: false });
    const entries = backend.typedArrayFromHeap(result);
    backend.typedArrayFromHeap(sums).forEach((sum, row) => {
      for (let i = row * width, end = i + width; i < end; i++) entries[i] /= sum;
    });
    dispose(sums);
    return result;
  },
);
