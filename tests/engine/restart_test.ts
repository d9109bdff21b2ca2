import { assertEquals, assertNotEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { EngineError } from "../../src/engine/engine.ts";
import type { WasmBackend } from "../../src/engine/native/wasm_backend.ts";
import { measure } from "../../src/core/measure/measure.ts";
import type { Tensor } from "../../src/engine/tensorflow.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";

const bytes = (tensor: Tensor) => [...new Uint8Array(tensor.dataSync().slice().buffer)];

Deno.test("startEngine() starts again with other threads and keeps what lives", async () => {
  let engine = await startEngine({ threads: 2 });
  const { tf } = engine;
  const model = tf.sequential({
    layers: [
      tf.layers.dense({ units: 7, inputShape: [5], activation: "tanh" }),
      tf.layers.batchNormalization(),
      tf.layers.dense({ units: 1 }),
    ],
  });
  const inputs = tf.randomNormal([9, 5]);
  const others = [
    tf.tensor1d([-0, NaN, Infinity, 1e-40]),
    tf.tensor1d([1, -2, 2 ** 31 - 1], "int32"),
    tf.tensor2d([[1, 0], [0, 1]], [2, 2], "bool"),
    tf.scalar(3).clone().reshape([1, 1]),
    tf.zeros([0, 3]),
  ];
  const strings = tf.tensor1d(["a", "bc"]);
  const tensors = () => [...model.getWeights(), inputs, ...others];
  const predict = () => tf.tidy(() => bytes(model.predict(inputs) as Tensor));
  const before = tensors().map(bytes);
  const predicted = predict();
  const count = tf.memory().numTensors;

  for (const threads of [1, 2, 3]) {
    await engine.stop();
    assertEquals(tf.getBackend(), "cpu");
    assertEquals(tensors().map(bytes), before, "readable while no engine runs");
    engine = await startEngine({ threads });
    assertEquals(predict(), predicted, `the same bits on ${threads} threads`);
    assertEquals(tensors().map(bytes), before);
    assertEquals(strings.dataSync() as unknown, ["a", "bc"]);
    assertEquals(tf.memory().numTensors, count);
  }
  model.dispose();
  tf.dispose([inputs, ...others, strings]);
  await engine.stop();
});

Deno.test("stop() frees tensors that are disposed after it", async () => {
  const engine = await startEngine();
  const { tf } = engine;
  const { numTensors, numDataBuffers } = tf.memory();
  const tensor = tf.ones([10]);
  await engine.stop();
  assertEquals(tf.memory().numTensors, numTensors + 1);
  tensor.dispose();
  assertEquals(tf.memory().numTensors, numTensors);
  assertEquals(tf.memory().numDataBuffers, numDataBuffers);
});

Deno.test("stop() copes with a backend that the program removed itself", async () => {
  const engine = await startEngine();
  const { tf } = engine;
  tf.removeBackend("wasm");
  await engine.stop();
  // Also while no engine runs.
  tf.removeBackend("wasm");
  await using next = await startEngine();
  assertEquals(next.tf.ones([2]).dataSync(), new Float32Array([1, 1]));
});

Deno.test("stop() goes back to the backend before, or leaves the one after", async () => {
  const tf = await import("@tensorflow/tfjs");
  tf.registerBackend("mine", tf.findBackendFactory("cpu"));
  await tf.setBackend("mine");
  const engine = await startEngine();
  await engine.stop();
  assertEquals(tf.getBackend(), "mine");

  await tf.setBackend("cpu");
  const next = await startEngine();
  await tf.setBackend("mine");
  await next.stop();
  assertEquals(tf.getBackend(), "mine");

  await tf.setBackend("cpu");
  tf.removeBackend("mine");
});

Deno.test("stop() takes back every kernel, gradient and repair of a layer", async () => {
  const tf = await import("@tensorflow/tfjs");
  await import("@tensorflow/tfjs-backend-wasm");
  const kernels = () =>
    new Map(tf.getKernelsForBackend("wasm").map(({ kernelName, ...rest }) => [kernelName, rest]));
  const layers = () =>
    Object.entries(tf.serialization.SerializationMap.getMap().classNameMap)
      .map(([name, [type]]) => [name, Object.getOwnPropertyDescriptors(type.prototype)]);
  const before = {
    kernels: kernels(),
    layers: layers(),
    gradient: tf.getGradient("SquaredDifference"),
  };
  for (let round = 0; round < 2; round++) {
    const engine = await startEngine();
    assertNotEquals(kernels(), before.kernels);
    assertNotEquals(layers(), before.layers);
    await engine.stop();
    assertEquals(kernels(), before.kernels);
    assertEquals(layers(), before.layers);
    assertStrictEquals(tf.getGradient("SquaredDifference"), before.gradient);
  }
});

Deno.test("stop() copes with data on the heap that belongs to no tensor", async () => {
  const engine = await startEngine();
  const tensor = engine.tf.ones([2]);
  (engine.tf.backend() as unknown as WasmBackend).makeOutput([3], "float32");
  await engine.stop();
  assertEquals(tensor.dataSync(), new Float32Array([1, 1]));
  tensor.dispose();
});

Deno.test("startEngine() replaces an engine whose heap is broken, which keeps no other from starting", async () => {
  const broken = await startEngine();
  const { tf } = broken;
  const tensor = tf.ones([3]);
  (tf.backend() as unknown as WasmBackend).wasm.HEAPU8.fill(255);
  const fresh = await startEngine();
  assertNotEquals(fresh, broken);
  assertEquals([...tf.add(tf.ones([2]), 1).dataSync()], [2, 2]);
  // The values from the broken heap are those that were found there.
  assertEquals(tensor.shape, [3]);
  tensor.dispose();
  await broken.stop();
  assertEquals(tf.getBackend(), "wasm", "the fresh engine is not the broken one's to stop");
  await fresh.stop();
  await using _next = await startEngine();
  assertEquals([...tf.add(tf.ones([2]), 1).dataSync()], [2, 2]);
});

Deno.test("startEngine() replaces an engine whose backend was removed, and keeps its tensors", async () => {
  const { tf, ...engine } = await startEngine();
  const tensor = tf.tensor1d([1, 2, 3]);
  tf.removeBackend("wasm");
  assertEquals([...tensor.dataSync()], [1, 2, 3]);
  assertEquals([...tf.add(tensor, 1).dataSync()], [2, 3, 4]);
  const fresh = await startEngine();
  assertEquals(tf.getBackend(), "wasm");
  assertEquals([...tf.add(tensor, 1).dataSync()], [2, 3, 4]);
  tensor.dispose();
  await engine.stop();
  await fresh.stop();
});

Deno.test("measure() computes on its engine after another backend was made active", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  await tf.setBackend("cpu");
  const layer = tf.layers.dense({ units: 1, inputShape: [2], kernelInitializer: "ones" });
  const model = tf.sequential({ layers: [layer] });
  const inputs = tf.tensor2d([[1, 2]]);
  const { objective } = await measure(model, { inputs });
  assertEquals(objective.value, 3);
  assertEquals(tf.getBackend(), "wasm");
  tf.removeBackend("wasm");
  await assertRejects(
    () => measure(model, { inputs }),
    EngineError,
    "The WASM backend of TensorFlow.js was removed",
  );
  model.dispose();
  inputs.dispose();
});
