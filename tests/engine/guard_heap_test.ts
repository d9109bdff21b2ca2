import { assertEquals, assertThrows } from "@std/assert";
import { startEngine } from "../../src/engine/mod.ts";
import { createNativeModule } from "../../src/engine/native/native_module.ts";
import type { WasmBackend } from "../../src/engine/native/wasm_backend.ts";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";

/** Operations whose results take 4 GiB and more: modulo 2^32 some of them are small. */
const TOO_LARGE: Record<string, (tf: TensorFlow) => Tensor> = {
  "a sum of 4 GiB": (tf) => tf.add(tf.ones([32768, 1]), tf.ones([1, 32768])),
  "a sum of 4 GiB and 128 KiB": (tf) => tf.add(tf.ones([32768, 1]), tf.ones([1, 32769])),
  "a product": (tf) => tf.matMul(tf.ones([32768, 1]), tf.ones([1, 32769])),
  "copies": (tf) => tf.tile(tf.ones([1, 32769]), [32768, 1]),
  "one value": (tf) => tf.fill([32768, 32769], 1),
  "a border": (tf) => tf.pad(tf.ones([1, 4]), [[0, 32767], [0, 32765]]),
};

Deno.test("guardHeap() refuses tensors of 4 GiB and more, and the engine lives on", async (t) => {
  await using engine = await startEngine();
  const { tf } = engine;
  for (const [name, make] of Object.entries(TOO_LARGE)) {
    await t.step(name, () => {
      const before = tf.memory().numTensors;
      assertThrows(
        () => tf.tidy(() => make(tf)),
        RangeError,
        "The WASM heap, which can have 4 GiB, has no room for another 4 GiB",
      );
      assertEquals(tf.memory().numTensors, before);
      tf.tidy(() => assertEquals(tf.add(1, 1).dataSync()[0], 2));
    });
  }
});

Deno.test("guardHeap() refuses a size below 0, and one that is no number", async () => {
  await using engine = await startEngine();
  const { wasm } = engine.tf.backend() as unknown as WasmBackend;
  for (const bytes of [-4, NaN]) {
    assertThrows(() => wasm._malloc(bytes), RangeError, "a shape with an axis below 0");
  }
  const address = wasm._malloc(4);
  wasm._free(address);
});

Deno.test("the native module refuses scratch that there is no room for, and lives on", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const backend = tf.backend() as unknown as WasmBackend;
  const native = createNativeModule(backend, { relaxedSimd: false, threads: 1 });
  const address = (x: Tensor) => backend.dataIdMap.get(x.dataId).memoryOffset;
  const x = tf.tensor1d([0.5, -0.5]), y = tf.zeros([2]);
  // Scratch is made, and then more is asked for than modulo 2^32 there seems to be.
  native.tanh(address(x), address(y), 2);
  assertThrows(() =>
    native.flat(address(x), { groups: 1, units: 2 ** 30 + 4, inner: 1 }, { low: 0, high: 1 })
  );
  const first = new Uint8Array(native.memory.buffer, 0, 256).slice();
  native.tanh(address(x), address(y), 2);
  assertEquals(new Uint8Array(native.memory.buffer, 0, 256), first);
  assertEquals(Array.from(y.dataSync(), (v) => v.toFixed(5)), ["0.46212", "-0.46212"]);
  await native.stop();
  tf.dispose([x, y]);
});
