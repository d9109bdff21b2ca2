import type { TensorInfo } from "@tensorflow/tfjs";
import type { Tensor } from "../tensorflow.ts";
import { amendGradient, defineKernel } from "./define_kernel.ts";
import type { KernelRepair } from "./kernel_context.ts";

/**
 * `GatherV2`, the forward pass of an embedding: the stock op computes the offset of every entry.
 * Here whole runs are copied, as long as the axes after the gathered one.
 */
const gatherV2Kernel = defineKernel<
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
const unsortedSegmentSumKernel = defineKernel<
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
export const repair: KernelRepair = {
  kernels: [gatherV2Kernel, unsortedSegmentSumKernel],
  gradients: [gatherGradient],
};
