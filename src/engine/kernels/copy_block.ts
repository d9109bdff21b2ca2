import type { TensorInfo } from "@tensorflow/tfjs";
import type { KernelContext } from "./kernel_context.ts";

/**
 * The block of a tensor that begins at `begin` and has the shape `size`, as a fresh tensor.
 *
 * @param shape Shape of the result, if not `size`; of as many entries.
 */
export function copyBlock(
  { tf, backend, native, address }: KernelContext,
  x: TensorInfo,
  begin: number[],
  size: number[],
  shape = size,
): TensorInfo {
  const result = backend.makeOutput(shape, x.dtype);
  const bytes = tf.util.bytesPerElement(x.dtype);
  const strides = [...tf.util.computeStrides(x.shape), 1].map((stride) => stride * bytes);
  const isCut = (axis: number) => size[axis] !== x.shape[axis];
  const cuts = size.map((_, axis) => axis).filter(isCut);
  const last = cuts.at(-1) ?? 0, before = cuts.at(-2) ?? -1;
  // From the last cut axis on it is one run; the axes between the last two are rows, evenly apart, and
  // where there are none the second to last is.
  const run = size.length === 0 ? bytes : size[last] * strides[last];
  const firstRowAxis = before === last - 1 ? Math.max(before, 0) : before + 1;
  const rows = tf.util.sizeFromShape(size.slice(firstRowAxis, last));
  const outer = size.slice(0, firstRowAxis);
  const start = begin.reduce((sum, at, axis) => sum + at * strides[axis], address(x));
  const blocks = tf.util.sizeFromShape(outer);
  for (let block = 0, to = address(result); block < blocks; block++, to += rows * run) {
    let from = start;
    for (let axis = outer.length - 1, rest = block; axis >= 0; axis--) {
      from += rest % outer[axis] * strides[axis];
      rest = Math.floor(rest / outer[axis]);
    }
    native.copyRows(from, to, { rows, stride: last > 0 ? strides[last - 1] : run, run });
  }
  return result;
}
