import type { Tensor } from "../tensorflow.ts";
import {
  amendGradient,
  defineOp,
  type GradientFactory,
  type OpContext,
  type OpRepair,
} from "./define_op.ts";
import type { TensorInfo } from "@tensorflow/tfjs";

/**
 * Copies the block of a tensor that begins at `begin` and has the shape `size` to a new tensor.
 *
 * @param block `shape`: shape of the result, if not `size`; must have as many entries.
 */
function copyBlock(
  { tf, backend, native, address }: OpContext,
  x: TensorInfo,
  { begin, size, shape = size }: { begin: number[]; size: number[]; shape?: number[] },
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
const sliceKernel = defineOp<{ begin: number | number[]; size: number | number[] }>(
  "Slice",
  (context, { x }, attributes) => {
    if (x.dtype === "string") return context.stock("Slice", { x }, attributes);
    const { slice_util } = context.tf;
    const [begin, size] = slice_util.parseSliceParams(x, attributes.begin, attributes.size);
    slice_util.assertParamsValid(x, begin, size);
    return copyBlock(context, x, { begin, size });
  },
);

/**
 * `SplitV`, used by an LSTM to separate its gates: the stock op copies the whole tensor once for
 * each part (see `Slice`). Here each part is copied once.
 */
const splitVKernel = defineOp<{ numOrSizeSplits: number | number[]; axis: number }>(
  "SplitV",
  (context, { x }, { numOrSizeSplits, axis }) => {
    const { util, backend_util } = context.tf;
    const [at] = util.parseAxisParam(axis, x.shape);
    const sizes = backend_util.prepareSplitSize(x as never, numOrSizeSplits, at);
    let start = 0;
    return sizes.map((size) => {
      const begin = x.shape.map((_, i) => i === at ? start : 0);
      start += size;
      return copyBlock(context, x, { begin, size: x.shape.with(at, size) });
    });
  },
);

/**
 * `Unpack`, used by a recurrent layer to separate its steps: the stock op copies the whole tensor
 * once for each part (see `Slice`), which is quadratic in the steps. Here each part is copied once.
 */
const unpackKernel = defineOp<{ axis: number }, { value: TensorInfo }>(
  "Unpack",
  (context, { value }, { axis }) => {
    const { shape } = value;
    const at = axis < 0 ? axis + shape.length : axis;
    return Array.from(
      { length: shape[at] },
      (_, part) =>
        copyBlock(context, value, {
          begin: shape.map((_, i) => i === at ? part : 0),
          size: shape.with(at, 1),
          shape: shape.toSpliced(at, 1),
        }),
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
export const sliceRepair: OpRepair = {
  kernels: [sliceKernel, splitVKernel, unpackKernel],
  gradients: [...singlePartGradients],
};

/**
 * `GatherV2`, the forward pass of an embedding: the stock op computes the offset of every entry.
 * Here whole runs are copied, as long as the axes after the gathered one.
 */
const gatherV2Kernel = defineOp<
  { axis: number; batchDims?: number },
  { x: TensorInfo; indices: TensorInfo }
>("GatherV2", (context, { x, indices }, attributes) => {
  const { tf, backend, native, address } = context;
  const { axis, batchDims = 0 } = attributes;
  if (x.dtype === "string") return context.stock("GatherV2", { x, indices }, attributes);
  const [at] = tf.util.parseAxisParam(axis, x.shape);
  const size = x.shape[at];
  for (const index of backend.typedArrayFromHeap(indices)) {
    if (index < 0 || index >= size) {
      throw new Error(`GatherV2: the index value ${index} is not in [0, ${size - 1}]`);
    }
  }
  const info = tf.backend_util.segment_util.collectGatherOpShapeInfo(
    x as never,
    indices as never,
    at,
    batchDims,
  );
  const result = backend.makeOutput(info.outputShape, x.dtype);
  const { batchSize: batch, outerSize: outer, sliceSize } = info;
  native.gatherRows(address(x), address(indices), address(result), {
    batch,
    outer,
    size,
    count: batch === 0 ? 0 : tf.util.sizeFromShape(indices.shape) / batch,
    run: sliceSize * tf.util.bytesPerElement(x.dtype),
  });
  return result;
});

/**
 * `UnsortedSegmentSum`, the gradient of `gather` and of an embedding: the stock backend has none
 * (tfjs #8082). Row i of x is added to row `segmentIds[i]` of the result; rows with a segment
 * outside the result are dropped, as in TensorFlow and the `cpu` backend. Floats are added in
 * float64: in float32 the sum of 2^20 rows of 0.1 is off by 1 %.
 */
const unsortedSegmentSumKernel = defineOp<
  { numSegments: number },
  { x: TensorInfo; segmentIds: TensorInfo }
>("UnsortedSegmentSum", (context, { x, segmentIds }, { numSegments }) => {
  const { tf, backend, native, address } = context;
  const rows = tf.util.sizeFromShape(segmentIds.shape);
  const inner = x.shape.slice(segmentIds.shape.length);
  const size = { rows, width: tf.util.sizeFromShape(inner), count: numSegments };
  const result = backend.makeOutput([numSegments, ...inner], x.dtype);
  if (x.dtype === "float32") {
    native.segmentSum(address(x), address(segmentIds), address(result), size);
    return result;
  }
  // Integers are rare, and must not be added as floats.
  const values = backend.typedArrayFromHeap(x);
  const segments = backend.typedArrayFromHeap(segmentIds);
  const sums = backend.typedArrayFromHeap(result).fill(0);
  for (let i = 0; i < values.length; i++) {
    const segment = segments[Math.floor(i / size.width)];
    if (segment >= 0 && segment < numSegments) {
      sums[segment * size.width + i % size.width] += values[i];
    }
  }
  return result;
});

/**
 * The gradient of `GatherV2` with respect to its indices is 0 if the model computes them, as in an
 * embedding of the bins of a Discretization. TensorFlow.js has none, which makes the pass fail.
 */
const gatherGradient = amendGradient("GatherV2", (tf, stock) => (dy, saved, attrs) => ({
  ...stock(dy, saved, attrs),
  indices: () => tf.zeros((saved as Tensor[])[1].shape),
}));

/** Ops and gradients that this file installs. */
export const gatherV2Repair: OpRepair = {
  kernels: [gatherV2Kernel, unsortedSegmentSumKernel],
  gradients: [gatherGradient],
};

/**
 * `Tile`, also used to broadcast a tensor: the stock op computes the offset of every entry, 30 ms
 * for a causal mask of 64 x 64 over 64 heads. Here runs are copied, then copies of copies.
 */
const tileKernel = defineOp<{ reps: number[] }, { x: TensorInfo }>(
  "Tile",
  ({ tf, backend, stock }, { x }, { reps }) => {
    if (x.dtype === "string") return stock("Tile", { x }, { reps });
    const result = backend.makeOutput(x.shape.map((size, axis) => size * reps[axis]), x.dtype);
    const from = backend.typedArrayFromHeap(x), to = backend.typedArrayFromHeap(result);
    if (to.length === 0) return result;
    const last = reps.findLastIndex((times) => times !== 1);
    const run = tf.util.sizeFromShape(x.shape.slice(last + 1));
    let source = 0;
    write(0, 0);
    return result;

    /**
     * Writes the tiles of one index of the axes before `axis`, beginning at `start`; returns their
     * end.
     */
    function write(axis: number, start: number): number {
      if (axis > last) {
        to.set(from.subarray(source, source + run), start);
        source += run;
        return start + run;
      }
      let end = start;
      for (let i = 0; i < x.shape[axis]; i++) end = write(axis + 1, end);
      return repeat(start, end, reps[axis]);
    }

    /** Repeats the entries in `start` .. `end` so that they are there `times` times. */
    function repeat(start: number, end: number, times: number): number {
      const stop = start + times * (end - start);
      if (end - start === 1) to.fill(to[start], end, stop);
      for (let copied = end; copied < stop; copied += copied - start) {
        to.copyWithin(copied, start, Math.min(copied, start + stop - copied));
      }
      return stop;
    }
  },
);

/**
 * Gradient of `Tile`. That of TensorFlow.js slices and adds once per copy, and throws for a rank
 * above 4. Here the copies along each axis are summed at once.
 */
const tileGradient: GradientFactory = ({ tf }) => ({
  kernelName: "Tile",
  inputsToSave: ["x"],
  gradFunc(dy, saved, attrs) {
    const [x] = saved as Tensor[];
    const { reps } = attrs as unknown as { reps: number[] };
    const addUp = (gradient: Tensor, axis: number): Tensor => {
      if (reps[axis] === 1) return gradient;
      const shape = [...gradient.shape];
      const outer = shape.slice(0, axis), inner = shape.slice(axis + 1);
      const size = (sizes: number[]) => sizes.reduce((product, length) => product * length, 1);
      const n = x.shape[axis];
      const copies = tf.reshape(gradient, [size(outer), reps[axis], n * size(inner)]);
      return tf.reshape(tf.sum(copies, 1), [...outer, n, ...inner]);
    };
    return { x: () => reps.reduce((gradient, _, axis) => addUp(gradient, axis), dy as Tensor) };
  },
});

/** Ops and gradients that this file installs. */
export const tileRepair: OpRepair = { kernels: [tileKernel], gradients: [tileGradient] };
