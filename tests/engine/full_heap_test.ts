import { assert, assertEquals, assertThrows } from "@std/assert";
import { dataInfo, liveDataOf } from "../../src/engine/heap/live_data.ts";
import { startEngine } from "../../src/engine/mod.ts";
import { offload } from "../../src/engine/heap/offload.ts";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";

const SIZE = 2 ** 14;

/** Has the heap hold no more than `tensors` of a size beside what it holds; until what is returned is called. */
function limitHeap(tf: TensorFlow, tensors: number, size: number): () => void {
  const backend = tf.backend();
  const live = liveDataOf(backend);
  const most = live.bytes + tensors * size;
  const { wasm } = backend as unknown as { wasm: { _malloc(bytes: number): number } };
  const allocate = wasm._malloc;
  wasm._malloc = (bytes) => {
    if (bytes === size && live.bytes + bytes > most) throw new RangeError("no room");
    return allocate(bytes);
  };
  return () => void (wasm._malloc = allocate);
}

Deno.test("Recomputation leaves every entry in place, though they do not fit the heap together", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const size = 4 * 256 ** 2;
  const most = liveDataOf(tf.backend()).bytes + 3 * size;
  const free = limitHeap(tf, 6, size);
  const kept: Tensor[] = [];
  {
    using _ = offload(tf, [], most);
    for (let i = 1; i <= 8; i++) {
      const product = tf.tidy(() => tf.matMul(tf.fill([256, 256], i), tf.ones([256, 256])));
      kept.push(product, tf.relu(product));
    }
  }
  free();
  const firsts = kept.map((tensor) => tensor.dataSync()[0]);
  assertEquals(firsts, kept.map((_, at) => 256 * (Math.floor(at / 2) + 1)));
  tf.dispose(kept);
});

Deno.test("offload() loses no tensor that the heap has no room for", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const x = tf.fill([SIZE], 7);
  {
    using _ = offload(tf, [], 0);
    // A kernel that reads nothing of it makes room.
    tf.add(1, 1).dispose();
    assert(dataInfo(tf, x.dataId)!.backend === tf.findBackend("cpu"));
    const free = limitHeap(tf, 0, 4 * SIZE);
    assertThrows(() => tf.relu(x), RangeError, "no room");
    free();
    assertEquals(x.dataSync()[0], 7);
  }
  assertEquals(x.dataSync()[SIZE - 1], 7);
  x.dispose();
});

Deno.test("A tensor of another backend that the heap has no room for can be read when there is", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const x = tf.fill([SIZE], 7);
  liveDataOf(tf.backend()).moveToCpu();
  // The output fits, and what it is made of does not any more.
  const free = limitHeap(tf, 1, 4 * SIZE);
  assertThrows(() => tf.relu(x), RangeError, "no room");
  assertEquals(x.dataSync()[0], 7);
  free();
  const y = tf.relu(x);
  assertEquals(y.dataSync()[SIZE - 1], 7);
  tf.dispose([x, y]);
});
