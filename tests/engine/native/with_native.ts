import type { Tensor, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { createNativeModule, type NativeModule } from "../../../src/engine/native/native_module.ts";
import type { WasmBackend } from "../../../src/engine/native/wasm_backend.ts";
import { onBackend } from "../../conformance/backends.ts";

/** A native module on the heap of stock TensorFlow.js, and what a test needs of that heap. */
export interface Bench {
  tf: TensorFlow;
  native: NativeModule;
  /** Byte address of a tensor. */
  address(tensor: Tensor): number;
  /** A tensor's entries, in place. */
  view(tensor: Tensor): Float32Array;
  /** A float32 tensor of these values, `offset` entries into a larger one: at an odd address. */
  place(values: ArrayLike<number>, offset?: number): { tensor: Tensor; address: number };
}

/** Runs a test once with relaxed SIMD and once without. */
export async function withNative(test: (bench: Bench, relaxedSimd: boolean) => void) {
  await onBackend("stock WASM", async (tf) => {
    const backend = tf.backend() as unknown as WasmBackend;
    const address = ({ dataId }: Tensor) => backend.dataIdMap.get(dataId).memoryOffset;
    for (const relaxedSimd of [true, false]) {
      const native = createNativeModule(backend, { relaxedSimd, threads: 1 });
      try {
        tf.tidy(() =>
          test({
            tf,
            native,
            address,
            view: (tensor) => backend.typedArrayFromHeap(tensor) as Float32Array,
            place(values, offset = 0) {
              const padded = new Float32Array(values.length + offset);
              padded.set(Float32Array.from(values), offset);
              const tensor = tf.tensor1d(padded);
              return { tensor, address: address(tensor) + 4 * offset };
            },
          }, relaxedSimd)
        );
      } finally {
        await native.stop();
      }
    }
  });
}
