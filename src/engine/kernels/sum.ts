import type { TensorInfo } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";

/**
 * `Sum` over the first axes, as in the gradient of every bias: stock transposes the tensor first, and
 * adds in float32. Here it runs down the columns, and adds in float64. Sums over other axes are stock's.
 */
export const sumKernel = defineKernel<
  { axis: number | number[]; keepDims?: boolean },
  { x: TensorInfo }
>("Sum", (context, { x }, attributes) => {
  const { tf, backend, native, address, stock } = context;
  const axes = tf.util.parseAxisParam(attributes.axis, x.shape).toSorted((a, b) => a - b);
  const rest = x.shape.slice(axes.length);
  const width = tf.util.sizeFromShape(rest);
  const leads = axes.length > 0 && rest.length > 0 && axes.every((axis, i) => axis === i);
  if (!leads || x.dtype !== "float32" || width === 1) return stock("Sum", { x }, attributes);
  const rows = tf.util.sizeFromShape(x.shape) / width;
  const shape = attributes.keepDims ? [...axes.map(() => 1), ...rest] : rest;
  const result = backend.makeOutput(shape, "float32");
  native.columnSums(address(x), address(result), { rows: Number.isNaN(rows) ? 0 : rows, width });
  return result;
});
