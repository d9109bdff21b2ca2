import { defineOp, type KernelFactory, type OpRepair } from "./define_op.ts";
import { broadcastOffsets } from "./element_wise.ts";
import type { TensorInfo } from "@tensorflow/tfjs";

/**
 * Returns an op that compares two tensors. For shapes that differ the stock op computes the place of every
 * entry: 50 to 100 ns for each, in the mask of every attention. Here rows are compared.
 */
function comparison(
  kernelName: string,
  isTrue: (p: number, q: number) => boolean,
): KernelFactory {
  return defineOp<unknown, { a: TensorInfo; b: TensorInfo }>(kernelName, (context, { a, b }) => {
    const { tf, backend, stock } = context;
    if (tf.util.arraysEqual(a.shape, b.shape)) return stock(kernelName, { a, b });
    const shape = tf.backend_util.assertAndGetBroadcastShape(a.shape, b.shape);
    const result = backend.makeOutput(shape, "bool");
    const [left, right, to] = [a, b, result].map((info) => backend.typedArrayFromHeap(info));
    const width = shape.at(-1)!, rows = shape.slice(0, -1);
    const [p, q] = [a, b].map((info) => rowsIn(info, rows));
    for (let row = 0, at = 0; at < to.length; row++) {
      let i = p.starts[row] * p.width, j = q.starts[row] * q.width;
      for (const end = at + width; at < end; at++, i += p.step, j += q.step) {
        to[at] = isTrue(left[i], right[j]) ? 1 : 0;
      }
    }
    return result;
  });
}

/** Returns where the entries of each row of a result are in a tensor that may be broadcast. */
function rowsIn({ shape }: TensorInfo, rows: readonly number[]) {
  const width = shape.at(-1) ?? 1;
  return { starts: broadcastOffsets(shape.slice(0, -1), rows), width, step: width === 1 ? 0 : 1 };
}

/** Ops that this file installs. */
export const comparisonsRepair: OpRepair = {
  kernels: [
    comparison("Equal", (p, q) => p === q),
    comparison("NotEqual", (p, q) => p !== q),
    comparison("Less", (p, q) => p < q),
    comparison("LessEqual", (p, q) => p <= q),
    comparison("Greater", (p, q) => p > q),
    comparison("GreaterEqual", (p, q) => p >= q),
  ],
};
