import { assert, assertEquals, assertThrows } from "@std/assert";
import { freeRegions } from "../../src/engine/heap/guard_heap.ts";
import { heapView } from "../../src/engine/heap/heap.ts";
import { trackLiveData } from "../../src/engine/heap/live_data.ts";
import { heapMemory, type WasmBackend } from "../../src/engine/native/wasm_backend.ts";
import { createNativeModule } from "../../src/engine/native/native_module.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { SeededRandom } from "../../src/core/model/batches/seeded_random.ts";

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

Deno.test("guardHeap() hands nothing out twice, nor what lies beyond, where the heap is nearly full", async () => {
  await using engine = await startEngine();
  const backend = engine.tf.backend() as unknown as WasmBackend;
  const { wasm } = backend;
  const memory = heapMemory(backend);
  // Filled to 3900 MiB, stock answers a request for 200 with what ends 4 MiB past the end.
  const block = 2 ** 26, late = 3900 * 2 ** 20;
  const held: number[] = [];
  while (held.length < Math.floor(late / block)) held.push(wasm._malloc(block));
  wasm._free(wasm._malloc(190 * 2 ** 20));
  assertThrows(() => wasm._malloc(200 * 2 ** 20 + 2 ** 24), RangeError, "has no room");
  for (const address of held) wasm._free(address);

  const stream = new SeededRandom(7, "heap");
  const random = () => stream.uniform();
  const blocks = new Map<number, number>();
  const free = (address: number) => {
    blocks.delete(address);
    wasm._free(address);
  };
  let refused = 0, unjust = 0;
  for (let i = 0; i < 4000; i++) {
    const addresses = [...blocks.keys()];
    if (addresses.length > 0 && random() < 0.45) {
      free(addresses[Math.floor(random() * addresses.length)]);
      continue;
    }
    const bytes = Math.floor(2 ** (10 + 18.5 * random()));
    let address: number;
    try {
      address = wasm._malloc(bytes) >>> 0;
    } catch {
      refused++;
      const [first] = addresses;
      const regions = freeRegions(memory.buffer, first);
      if (regions.some((region) => region.bytes > bytes + 2 ** 20)) unjust++;
      free(first);
      continue;
    }
    assert(address + bytes <= memory.buffer.byteLength, `${bytes} bytes at ${address}`);
    for (const [other, size] of blocks) {
      assert(address + bytes <= other || other + size <= address, `${address} in ${other}`);
    }
    blocks.set(address, bytes);
  }
  assert(refused > 50, `only ${refused} were refused`);
  assert(unjust <= refused / 20, `${unjust} of ${refused} would have fitted`);
});

Deno.test("guardHeap() refuses a size below 0, and one that is no number", async () => {
  await using engine = await startEngine();
  const { wasm } = engine.tf.backend() as unknown as WasmBackend;
  for (const bytes of [-4, NaN]) {
    assertThrows(() => wasm._malloc(bytes), RangeError, "a shape with a negative axis");
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

/** A backend that keeps numbers in a map, and a TensorFlow.js that knows where each lies. */
function subject() {
  const dataIdMap = new Map<object, { value: number; shape: number[]; dtype: string }>();
  const backend = {
    dataIdMap,
    readSync: (dataId: object) => [dataIdMap.get(dataId)?.value],
    refCount: () => 3,
    disposeData: (dataId: object) => dataIdMap.delete(dataId),
  };
  const moved: unknown[][] = [];
  const cpu = { move: (...args: unknown[]) => moved.push(args) };
  const tensorInfo = new Map<object, { backend: unknown; shape: number[]; dtype: string }>();
  const engine = { findBackend: () => cpu, state: { tensorInfo } };
  const live = trackLiveData(
    { engine: () => engine } as unknown as TensorFlow,
    backend as unknown as Parameters<typeof trackLiveData>[1],
  );
  const write = (dataId: object, value: number) => {
    const of = { shape: [1], dtype: "float32" };
    dataIdMap.set(dataId, { value, ...of });
    tensorInfo.set(dataId, { backend, ...of });
  };
  return { backend, cpu, dataIdMap, live, moved, tensorInfo, write };
}

Deno.test("trackLiveData() moves what was written and not deleted since", () => {
  const { cpu, dataIdMap, live, moved, tensorInfo, write } = subject();
  const kept = {};
  const deleted = {};
  const replaced = {};
  const unknown = {};
  for (const dataId of [kept, deleted, replaced]) write(dataId, 1);
  dataIdMap.set(unknown, { value: 1, shape: [1], dtype: "float32" });
  dataIdMap.delete(deleted);
  write(replaced, 2);
  live.moveToCpu();
  assertEquals(moved, [[kept, [1], [1], "float32", 3], [replaced, [2], [1], "float32", 3]]);
  const stays = [kept, deleted, replaced, unknown].map((dataId) => dataIdMap.has(dataId));
  assertEquals(stays, [false, false, false, true]);
  assertEquals([kept, replaced].map((id) => tensorInfo.get(id)?.backend), [cpu, cpu]);
  live.moveToCpu();
  assertEquals(moved.length, 2);
});

Deno.test("trackLiveData() lists data in the order of their writing, also while some leave", () => {
  const { dataIdMap, live, moved, write } = subject();
  const large = [{}, {}, {}, {}, {}];
  const of = { value: 1, shape: [2 ** 13], dtype: "float32" };
  large.forEach((dataId) => write(dataId, 1));
  // Written over: now the last.
  for (const dataId of [1, 2, 3, 4, 0].map((i) => large[i])) dataIdMap.set(dataId, of);
  assertEquals(live.bytes, 5 * 2 ** 15);
  const asked: object[] = [];
  live.moveOldest(2 ** 16, (dataId) => dataId === large[1], (dataId) => {
    asked.push(dataId);
    // The next one leaves as well.
    if (dataId === large[2]) dataIdMap.delete(large[3]);
    return dataIdMap.delete(dataId);
  });
  assertEquals(asked, [large[2], large[4]]);
  assertEquals(live.bytes, 2 ** 16);
  assertEquals(large.map((dataId) => dataIdMap.has(dataId)), [true, true, false, false, false]);
  assertEquals(moved, []);
});

Deno.test("trackLiveData() moves everything off a backend that throws, as NaN what it cannot read", () => {
  const { backend, cpu, live, moved, tensorInfo, write } = subject();
  const first = {};
  const second = {};
  write(first, 1);
  write(second, 2);
  const { readSync } = backend;
  backend.readSync = (dataId) => {
    if (dataId === first) throw new Error("memory access out of bounds");
    return readSync(dataId);
  };
  backend.disposeData = () => {
    throw new Error("memory access out of bounds");
  };
  live.moveToCpu();
  const nan = new Float32Array([NaN]);
  assertEquals(moved, [[first, nan, [1], "float32", 3], [second, [2], [1], "float32", 3]]);
  assertEquals([first, second].map((id) => tensorInfo.get(id)?.backend), [cpu, cpu]);
});
