import { liveDataOf } from "../src/engine/heap/live_data.ts";
import type { WasmBackend } from "../src/engine/native/wasm_backend.ts";
import type { TensorFlow } from "../src/engine/tensorflow.ts";

/**
 * The most bytes of the WASM heap that are taken at once while work is done: what lay there before, and what was
 * allocated.
 */
export async function heapPeak(tf: TensorFlow, work: () => Promise<unknown>): Promise<number> {
  const { wasm } = tf.backend() as unknown as WasmBackend;
  const { _malloc, _free } = wasm;
  const sizes = new Map<number, number>();
  let taken = liveDataOf(tf.backend()).bytes;
  let most = taken;
  wasm._malloc = (bytes) => {
    const address = _malloc(bytes);
    sizes.set(address, bytes);
    taken += bytes;
    most = Math.max(most, taken);
    return address;
  };
  wasm._free = (address) => {
    taken -= sizes.get(address) ?? 0;
    sizes.delete(address);
    _free(address);
  };
  try {
    await work();
  } finally {
    Object.assign(wasm, { _malloc, _free });
  }
  return most;
}
