import { HEAP_LIMIT } from "./guard_heap.ts";
import type { DataId, NamedTensorMap } from "@tensorflow/tfjs";
import { liveDataOf } from "./live_data.ts";
import { patchProperty } from "./patch_property.ts";
import type { Tensor, TensorFlow } from "./tensorflow.ts";

/** Bytes of tensors that may lie on the heap when a kernel starts: it has the rest for what it reads and writes. */
const MOST = HEAP_LIMIT / 2;

/** What is left on the heap once room was made, as a share of what may lie there: not each kernel is to make room. */
const LEFT = 0.75;

/**
 * Does work whose tensors do not fit the WASM heap together. Before each kernel runs, those that were placed longest
 * ago are moved to JavaScript's memory where there are too many; TensorFlow.js moves them back when they are asked
 * for. No figure changes by it. What a kernel reads and writes has to fit into the rest of the heap.
 *
 * @param tf The engine's TensorFlow.js.
 * @param pinned Tensors that stay there: XNNPACK packs weights once for as long as they do.
 * @param work What is done.
 * @param most How many bytes of tensors may lie on the heap when a kernel starts. Default: half of its limit.
 */
export function withOffload<Result>(
  tf: TensorFlow,
  pinned: readonly Tensor[],
  work: () => Result,
  most: number = MOST,
): Result {
  const live = liveDataOf(tf.backend());
  const engine = tf.engine();
  const stay = new Set<DataId>(pinned.map(({ dataId }) => dataId));
  const runKernel = engine.runKernel.bind(engine);
  const restore = patchProperty(engine, "runKernel", {
    value(name: string, inputs: NamedTensorMap, attributes?: Parameters<typeof runKernel>[2]) {
      if (live.bytes > most) {
        const read = new Set(Object.values(inputs).flat().map((one) => Object(one).dataId));
        live.moveOldest(LEFT * most, (dataId) => stay.has(dataId) || read.has(dataId));
      }
      return runKernel<Tensor | Tensor[]>(name, inputs, attributes);
    },
  });
  try {
    return work();
  } finally {
    restore();
  }
}
