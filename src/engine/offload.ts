import { HEAP_LIMIT } from "./guard_heap.ts";
import type { DataId, NamedTensorMap } from "@tensorflow/tfjs";
import { bring, liveDataOf } from "./live_data.ts";
import type { WasmBackend } from "./native/wasm_backend.ts";
import { patchProperty } from "./patch_property.ts";
import { type Attributes, Recomputation, tensorsOf } from "./recompute.ts";
import { settleInputs } from "./settle_dtype.ts";
import type { Tensor, TensorFlow } from "./tensorflow.ts";

/**
 * Bytes of tensors that may be on the heap when an op starts; the rest is for its inputs and
 * outputs.
 */
const MAX_TENSOR_BYTES = HEAP_LIMIT / 2;

/** Share of that which remains after an eviction, so that not every op has to evict. */
const SHARE_LEFT = 0.75;

/**
 * Runs work whose tensors do not all fit in the WASM heap. Results are unchanged. Before each op,
 * the least recently used tensors are evicted if the heap is too full: the output of a sweep over
 * other tensors is dropped and recomputed on demand, the rest moves to JavaScript's memory and
 * back. The inputs and outputs of a single op have to fit in the heap.
 *
 * @param tf The engine's TensorFlow.js.
 * @param pinned Tensors that are never evicted: XNNPACK packs weights only once while they stay.
 * @param most Bytes of tensors that may be on the heap when an op starts. Default: half of its
 * limit.
 * @returns A disposable that ends offloading. Remaining tensors keep their entries.
 */
export function offload(
  tf: TensorFlow,
  pinned: readonly Tensor[],
  most: number = MAX_TENSOR_BYTES,
): Disposable {
  const backend = tf.backend();
  const live = liveDataOf(backend);
  const { dataIdMap, wasm } = backend as unknown as WasmBackend;
  const engine = tf.engine();
  const runKernel = engine.runKernel.bind(engine);
  const allocate = wasm._malloc;
  /** Tensors that must stay: the pinned ones, and the inputs of all running (nested) ops. */
  let stay: ReadonlySet<DataId> = new Set(pinned.map(({ dataId }) => dataId));
  /**
   * Number of running ops that made room. Outside of them, a caller may hold the address of any
   * tensor.
   */
  let running = 0;
  /** True once offloading has ended and nothing may be dropped. */
  let isOver = false;

  /** Runs an op whose inputs stay on the heap, once there is room for them. */
  function run<Outputs extends Tensor | Tensor[]>(
    name: string,
    inputs: NamedTensorMap,
    attributes: Attributes,
    room: () => void = () => {},
  ): Outputs {
    const read = tensorsOf(inputs).map(({ dataId }) => dataId);
    const before = stay;
    stay = new Set([...before, ...read]);
    try {
      room();
      // Restoring inputs may move the heap, of which the op takes views.
      for (const dataId of read) dataIdMap.get(dataId);
      return runKernel<Outputs>(name, inputs, attributes);
    } finally {
      stay = before;
    }
  }
  const recomputation = new Recomputation(tf, run);

  function makeRoom(left: number): void {
    const forget = (dataId: DataId, bytes: number) =>
      !isOver && recomputation.forget(dataId, bytes);
    live.moveOldest(left, (dataId) => stay.has(dataId), forget);
  }

  const undo = [
    patchProperty(engine, "runKernel", {
      value(name: string, inputs: NamedTensorMap, attributes: Attributes) {
        settleInputs(tf, inputs);
        const { bytes } = recomputation.missing(tensorsOf(inputs));
        const room = () => {
          if (live.bytes + bytes > most) makeRoom(SHARE_LEFT * most - bytes);
        };
        running++;
        try {
          const outputs = run<Tensor | Tensor[]>(name, inputs, attributes, room);
          recomputation.note(name, inputs, attributes, outputs);
          return outputs;
        } finally {
          running--;
        }
      },
    }),
    patchProperty(dataIdMap.dataMover, "moveData", {
      value(to: typeof backend, dataId: DataId) {
        if (!recomputation.remember(dataId)) bring(tf, dataId, to);
      },
    }),
    patchProperty(wasm, "_malloc", {
      value(bytes: number) {
        for (;;) {
          try {
            return allocate(bytes);
          } catch (error) {
            // Free memory may be in pieces that are too small.
            const before = live.bytes;
            if (running > 0 && bytes > 0) makeRoom(before - bytes);
            if (live.bytes === before) throw error;
          }
        }
      },
    }),
  ];
  return {
    [Symbol.dispose]() {
      isOver = true;
      // No op is running, so recomputed tensors may evict others.
      running++;
      try {
        recomputation.finish();
      } finally {
        for (const takeBack of undo) takeBack();
      }
    },
  };
}
