import { assertAlmostEquals, assertEquals } from "@std/assert";
import { heapView } from "../../src/engine/heap/heap.ts";
import { settleDtype } from "../../src/engine/settle_dtype.ts";
import { startEngine } from "../../src/engine/start/start_engine.ts";
import type { Tensor, TensorFlow } from "../../src/engine/tensorflow.ts";
import { measure } from "../../src/core/measure/measure.ts";
import { importTensorFlow } from "../../src/engine/start/import_tensorflow.ts";

type NumericType = "float32" | "int32" | "bool";

const TYPES: NumericType[] = ["float32", "int32", "bool"];

/** Ways to make a tensor of one dtype from others, as test files do before any engine runs. */
const WAYS: Record<string, (tf: TensorFlow, from: NumericType, to: NumericType) => Tensor> = {
  cast: (tf, from, to) => tf.cast(source(tf, from), to),
  "cast in a tidy": (tf, from, to) => tf.tidy(() => tf.cast(source(tf, from), to)),
  "cast twice": (tf, from, to) => tf.cast(tf.cast(source(tf, from), "int32"), to),
  oneHot: (tf, _from, to) => tf.cast(tf.oneHot(tf.tensor1d([0, 2, 1], "int32"), 3), to),
  greater: (tf, from, to) => tf.cast(tf.greater(source(tf, from), 0), to),
  "reshape after a cast": (tf, from, to) => tf.cast(source(tf, from), to).reshape([3, 2]),
  "cast after a reshape": (tf, from, to) => tf.cast(source(tf, from).reshape([6]), to),
  "slice of a cast": (tf, from, to) => tf.slice(tf.cast(source(tf, from), to), [1, 0], [1, 3]),
  "cast of a slice": (tf, from, to) => tf.cast(tf.slice(source(tf, from), [1, 0], [1, 3]), to),
  concat: (tf, from, to) => tf.concat([tf.cast(source(tf, from), to), tf.ones([1, 3], to)]),
  "cast of a concat": (tf, from, to) =>
    tf.cast(tf.concat([source(tf, from), source(tf, from)]), to),
  stack: (tf, from, to) => tf.stack([tf.cast(source(tf, from), to), tf.zeros([2, 3], to)]),
  clone: (tf, from, to) => tf.cast(source(tf, from), to).clone(),
  variable: (tf, from, to) => tf.variable(tf.cast(source(tf, from), to)),
  "buffer of another array": (tf, from, to) =>
    tf.buffer([2, 3], to, source(tf, to === "bool" ? "bool" : from).dataSync() as never).toTensor(),
  "buffer of numbers": (tf, _from, to) => tf.buffer([2, 2], to, [0, 1, 1, 0] as never).toTensor(),
};

function source(tf: TensorFlow, dtype: NumericType): Tensor {
  const values = dtype === "bool" ? [0, 1, 1, 0, 1, 0] : [-2, 0, 3, 1, 255, 7];
  return tf.tensor2d(values, [2, 3], dtype);
}

interface Made {
  name: string;
  tensor: Tensor;
  expected: number[];
}

function makeAll(tf: TensorFlow, when: string): Made[] {
  return Object.entries(WAYS).flatMap(([way, make]) =>
    TYPES.flatMap((from) =>
      TYPES.map((to) => {
        const tensor = make(tf, from, to);
        const expected = Array.from(tensor.dataSync(), Number);
        const truth = to === "bool" ? expected.map((value) => value === 0 ? 0 : 1) : expected;
        return { name: `${way}, ${from} to ${to}, ${when}`, tensor, expected: truth };
      })
    )
  );
}

function assertRead(tf: TensorFlow, made: readonly Made[]): void {
  for (const { name, tensor, expected } of made) {
    const read = tf.tidy(() => Array.from(tf.concat([tensor.flatten()]).dataSync(), Number));
    assertEquals(read, expected, name);
    assertEquals(Array.from(heapView(tf, tensor), Number), expected, `heap view: ${name}`);
    assertEquals(tensor.dataSync().constructor, ARRAYS[tensor.dtype as NumericType], name);
  }
}

const ARRAYS = { float32: Float32Array, int32: Int32Array, bool: Uint8Array };

// Each test file has its TensorFlow.js to itself, and no engine runs yet.
const tf = await importTensorFlow();
await tf.setBackend("cpu");
const early = makeAll(tf, "before the engine");
/** Both read the same entries, as labels that are used twice. */
const labels = tf.tensor1d([3, 1, 2], "int32");
const floats = labels.toFloat();

Deno.test("startEngine() reads tensors of every dtype that were made before it started", async () => {
  await using _engine = await startEngine();
  assertRead(tf, early);
});

Deno.test("startEngine() reads tensors that were made after the last one stopped, or on cpu while one runs", async () => {
  const first = await startEngine();
  const kept = makeAll(tf, "on the engine");
  await first.stop();
  const late = makeAll(tf, "after the engine");
  await using _engine = await startEngine();
  await tf.setBackend("cpu");
  const aside = makeAll(tf, "on cpu");
  await tf.setBackend("wasm");
  for (const made of [kept, late, aside, early]) assertRead(tf, made);
});

Deno.test("settleDtype() parts two tensors of one entry, and nothing is leaked", async () => {
  await using _engine = await startEngine();
  const { numDataBuffers } = tf.memory();
  assertEquals(tf.tidy(() => [...tf.mul(floats, 0.5).dataSync()]), [1.5, 0.5, 1]);
  assertEquals(tf.memory().numDataBuffers, numDataBuffers + 1, "each has entries of its own");
  assertEquals([...tf.tidy(() => tf.add(labels, 1).dataSync())], [4, 2, 3]);
  assertEquals(floats.dataSync(), new Float32Array([3, 1, 2]));
  const { dataId } = floats;
  settleDtype(tf, floats);
  assertEquals(floats.dataId, dataId);
  tf.dispose([labels, floats]);
  assertEquals(tf.memory().numDataBuffers, numDataBuffers - 1);
});

Deno.test("settleDtype() keeps a cast usable whose source is gone, on the engine too", async () => {
  const engine = await startEngine();
  await engine.stop();
  const { numDataBuffers, numTensors } = tf.memory();
  const cast = tf.tidy(() => tf.oneHot(tf.tensor1d([1, 0], "int32"), 2).toFloat());
  await using _engine = await startEngine();
  assertEquals(tf.tidy(() => [...tf.mul(cast, 2).dataSync()]), [0, 2, 2, 0]);
  cast.dispose();
  assertEquals(tf.memory().numDataBuffers, numDataBuffers);
  assertEquals(tf.memory().numTensors, numTensors);
});

Deno.test("measure() gives labels and pixels that were cast before the engine their values", async () => {
  const pixels = tf.tensor2d([[0, 255], [128, 3], [7, 9], [1, 2]], [4, 2], "int32").toFloat();
  const targets = tf.sum(pixels, 1, true).greater(20).toFloat();
  const model = tf.sequential({
    layers: [tf.layers.dense({ units: 1, inputShape: [2], kernelInitializer: "zeros" })],
  });
  model.compile({ optimizer: "adam", loss: "meanSquaredError" });
  await using _engine = await startEngine();
  const { objective, batch } = await measure(model, { inputs: pixels, targets });
  assertAlmostEquals(objective.value, 0.5, 1e-6);
  assertEquals(batch.inputs.maxAbs, 255);
  model.dispose();
});
