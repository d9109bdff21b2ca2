import { assertEquals, assertThrows } from "@std/assert";
import { heapView } from "../../src/engine/heap/heap.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { WasmBackend } from "../../src/engine/native/wasm_backend.ts";

Deno.test("heapView() reads a tensor of each type in place", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const float = tf.tensor2d([[1, 2], [3, 4]]);
  const view = heapView(tf, float);
  assertEquals(view, new Float32Array([1, 2, 3, 4]));
  assertEquals(view.buffer, (tf.backend() as unknown as WasmBackend).wasm.HEAPU8.buffer);
  assertEquals(heapView(tf, tf.tensor1d([5, -6], "int32")), new Int32Array([5, -6]));
  assertEquals(heapView(tf, tf.tensor1d([1, 0, 1], "bool")), new Uint8Array([1, 0, 1]));
  tf.disposeVariables();
});

Deno.test("heapView() moves a tensor that lies elsewhere, also when the heap grows by it", async () => {
  const first = await startEngine();
  const { tf } = first;
  const values = new Float32Array(8 << 20).fill(2);
  const tensor = tf.tensor1d(values);
  await first.stop();
  await using _engine = await startEngine();
  const view = heapView(tf, tensor);
  assertEquals([view.length, view[0], view.at(-1)], [values.length, 2, 2]);
  tensor.dispose();
});

Deno.test("heapView() throws for a tensor that was disposed", async () => {
  await using engine = await startEngine();
  const tensor = engine.tf.ones([2]);
  tensor.dispose();
  assertThrows(() => heapView(engine.tf, tensor));
});
