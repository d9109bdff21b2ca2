import { HEAP_LIMIT } from "./guard_heap.ts";
import type { DataId, NamedTensorMap } from "@tensorflow/tfjs";
import { bring, liveDataOf } from "./live_data.ts";
import type { WasmBackend } from "./native/wasm_backend.ts";
import { patchProperty } from "./patch_property.ts";
import { type Attributes, Recomputation, tensorsOf } from "./recompute.ts";
import { settleInputs } from "./settle_dtype.ts";
import type { Tensor, TensorFlow } from "./tensorflow.ts";

/** Bytes of tensors that may lie on the heap when a kernel starts: it has the rest for what it reads and writes. */
const MOST = HEAP_LIMIT / 2;

/** What is left on the heap once room was made, as a share of what may lie there: not each kernel is to make room. */
const LEFT = 0.75;

/**
 * Runs work whose tensors do not all fit in the WASM heap. Results are unchanged. Before each op, the least recently
 * used tensors are evicted if the heap is too full: the output of a sweep over other tensors is dropped and
 * recomputed on demand, the rest moves to JavaScript's memory and back. The inputs and outputs of a single op have
 * to fit in the heap.
 *
 * @param tf The engine's TensorFlow.js.
 * @param pinned Tensors that stay there: XNNPACK packs weights once for as long as they do.
 * @param most How many bytes of tensors may lie on the heap when a kernel starts. Default: half of its limit.
 * @returns What ends it when it is disposed of. Tensors that are left then keep their entries.
 */
export function offload(
  tf: TensorFlow,
  pinned: readonly Tensor[],
  most: number = MOST,
): Disposable {
  const backend = tf.backend();
  const live = liveDataOf(backend);
  const { dataIdMap, wasm } = backend as unknown as WasmBackend;
  const engine = tf.engine();
  const runKernel = engine.runKernel.bind(engine);
  const allocate = wasm._malloc;
  /** What stays: the pinned, and what the kernels read that run now, one inside the other. */
  let stay: ReadonlySet<DataId> = new Set(pinned.map(({ dataId }) => dataId));
  /** How many kernels that made room are running. Outside of them, a caller may hold the address of any tensor. */
  let running = 0;
  /** Whether all is over, and nothing may be forgotten any more. */
  let isOver = false;

  /** Runs a kernel whose inputs stay on the heap, once there is room for them. */
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
      // What comes back may move the heap, of which the kernel takes views.
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
          if (live.bytes + bytes > most) makeRoom(LEFT * most - bytes);
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
            // What is free may lie in pieces that are too small.
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
      // No kernel is running, so tensors that are computed again may push others off the heap.
      running++;
      try {
        recomputation.finish();
      } finally {
        for (const takeBack of undo) takeBack();
      }
    },
  };
}
