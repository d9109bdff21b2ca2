import type { TensorInfo } from "@tensorflow/tfjs";
import { defineKernel } from "./define_kernel.ts";

/**
 * `GatherV2`, the forward pass of an embedding: stock finds the place of every single entry anew. Here
 * whole runs are copied, as long as what lies behind the axis.
 */
export const gatherV2Kernel = defineKernel<
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
