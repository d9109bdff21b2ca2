import { assert, assertEquals } from "@std/assert";
import type { Tensor } from "../../src/engine/tensorflow.ts";
import { ThreadWorker } from "../../src/engine/thread_worker.ts";
import { startEngine } from "../../src/engine/start_engine.ts";

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
  const factory = tf.findBackendFactory("wasm");
  tf.removeBackend("wasm");
  await engine.stop();
  tf.registerBackend("wasm", factory, 2);
  await using next = await startEngine();
  assertEquals(next.tf.ones([2]).dataSync(), new Float32Array([1, 1]));
});

Deno.test("stop() leaves the backend that the program went on to", async () => {
  const engine = await startEngine();
  await engine.tf.setBackend("cpu");
  await engine.stop();
  assertEquals(engine.tf.getBackend(), "cpu");
});

Deno.test("stop() ends all eight workers before it returns", async () => {
  assertEquals(ThreadWorker.living, 0);
  for (const threads of [2, 8]) {
    const exits: number[] = [];
    const { emit } = ThreadWorker.prototype;
    ThreadWorker.prototype.emit = function (event: string, ...rest: unknown[]) {
      if (event === "exit") exits.push(rest[0] as number);
      return emit.call(this, event, ...rest);
    };
    try {
      const engine = await startEngine({ threads });
      assertEquals([ThreadWorker.living, exits.length], [8, 0]);
      await engine.stop();
      assertEquals([ThreadWorker.living, exits.length], [0, 8]);
    } finally {
      Reflect.deleteProperty(ThreadWorker.prototype, "emit");
    }
  }
});

Deno.test("startEngine() starts no worker for one thread", async () => {
  await using engine = await startEngine();
  assert(engine.threads === 1 && ThreadWorker.living === 0);
});
