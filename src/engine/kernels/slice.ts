import type { TensorInfo } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import { defineKernel } from "./define_kernel.ts";
import type { GradientFactory, KernelContext, KernelRepair } from "./kernel_context.ts";

/**
 * Copies the block of a tensor that begins at `begin` and has the shape `size` to a new tensor.
 *
 * @param shape Shape of the result, if not `size`; must have as many entries.
 */
function copyBlock(
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
  // From the last cut axis on, entries are contiguous. The axes between the last two cut axes are
  // evenly spaced rows; if there are none, the second to last is.
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

/**
 * `Slice`: the stock op first copies the whole tensor off the heap, for every slice. Here only the
 * block is copied, on the heap.
 */
const sliceKernel = defineKernel<{ begin: number | number[]; size: number | number[] }>(
  "Slice",
  (context, { x }, attributes) => {
    if (x.dtype === "string") return context.stock("Slice", { x }, attributes);
    const { slice_util } = context.tf;
    const [begin, size] = slice_util.parseSliceParams(x, attributes.begin, attributes.size);
    slice_util.assertParamsValid(x, begin, size);
    return copyBlock(context, x, begin, size);
  },
);

/**
 * `SplitV`, used by an LSTM to separate its gates: the stock op copies the whole tensor once for
 * each part (see `Slice`). Here each part is copied once.
 */
const splitVKernel = defineKernel<{ numOrSizeSplits: number | number[]; axis: number }>(
  "SplitV",
  (context, { x }, { numOrSizeSplits, axis }) => {
    const { util, backend_util } = context.tf;
    const [at] = util.parseAxisParam(axis, x.shape);
    const sizes = backend_util.prepareSplitSize(x as never, numOrSizeSplits, at);
    let start = 0;
    return sizes.map((size) => {
      const begin = x.shape.map((_, i) => i === at ? start : 0);
      start += size;
      return copyBlock(context, x, begin, x.shape.with(at, size));
    });
  },
);

/**
 * `Unpack`, used by a recurrent layer to separate its steps: the stock op copies the whole tensor
 * once for each part (see `Slice`), which is quadratic in the steps. Here each part is copied once.
 */
const unpackKernel = defineKernel<{ axis: number }, { value: TensorInfo }>(
  "Unpack",
  (context, { value }, { axis }) => {
    const { shape } = value;
    const at = axis < 0 ? axis + shape.length : axis;
    return Array.from(
      { length: shape[at] },
      (_, part) =>
        copyBlock(
          context,
          value,
          shape.map((_, i) => i === at ? part : 0),
          shape.map((size, i) => i === at ? 1 : size),
          shape.toSpliced(at, 1),
        ),
    );
  },
);

/**
 * Gradients of `Unpack` and `SplitV`: the gradients of the parts concatenated. If there is only one
 * part, TensorFlow.js passes its gradient without a list and its own functions throw, so a
 * recurrent layer over a single step has no gradient.
 */
const singlePartGradients: GradientFactory[] = [
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

/** Ops and gradients that this file installs. */
export const repair: KernelRepair = {
  kernels: [sliceKernel, splitVKernel, unpackKernel],
  gradients: [...singlePartGradients],
};
