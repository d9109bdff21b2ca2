import { assert, assertEquals } from "@std/assert";
import { startEngine, type Tensor } from "../../../src/engine/mod.ts";
import { measure } from "../../../src/entry/measure.ts";
import { estimateLeast, estimateMemory } from "../../../src/core/measure/estimate_memory.ts";
import { layerUses } from "../../../src/core/measure/layer_uses.ts";
import { containerLayers } from "../../../src/core/model/layers/leaf_layers.ts";
import { leafLayers } from "../../../src/entry/model.ts";
import { heapPeak } from "../../../bench/heap_peak.ts";
import type { LayersModel } from "../../../src/engine/tensorflow.ts";

const GIB = 2 ** 30;

const layersOf = (model: LayersModel) => leafLayers(model).map(({ layer }) => layer);

const usesOf = (model: LayersModel, ...inputs: number[][]) =>
  layerUses(model, layersOf(model), containerLayers(model), inputs);

Deno.test("estimateMemory() counts weights, the largest gradient and what the layers keep", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({
    layers: [
      tf.layers.flatten({ inputShape: [4, 2] }),
      tf.layers.dense({ units: 3, activation: "tanh" }),
    ],
  });
  assertEquals(
    estimateMemory(layersOf(model), usesOf(model, [10, 4, 2])),
    // Kept of the dense layer's output, and the gradients of its output and input.
    4 * (8 * 3 + 3 + 8 * 3 + 1.15 * 10 * 3 + 10 * (3 + 8)),
  );
  // At least the input and the output of the flatten are needed at once, with their gradients.
  assertEquals(
    estimateLeast(layersOf(model), usesOf(model, [10, 4, 2])),
    4 * (8 * 3 + 3 + 8 * 3) + 2 * 4 * 10 * (8 + 8),
  );
  model.dispose();
});

Deno.test("estimateMemory() is near what a pass takes, for layers and activations of any kind", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const { layers } = tf;
  const image = { inputShape: [64, 64, 8], filters: 8, kernelSize: 3, padding: "same" as const };
  const chains: Record<string, () => LayersModel["layers"]> = {
    linear: () => Array.from({ length: 8 }, () => layers.conv2d(image)),
    relu: () => Array.from({ length: 8 }, () => layers.conv2d({ ...image, activation: "relu" })),
    gelu: () =>
      Array.from(
        { length: 8 },
        () => layers.dense({ units: 256, inputShape: [256], activation: "gelu" as never }),
      ),
    normalized: () => [
      layers.conv2d(image),
      ...Array.from({ length: 4 }, () => [layers.batchNormalization(), layers.reLU()]).flat(),
    ],
    recurrent: () => [
      layers.lstm({ units: 32, inputShape: [40, 32], returnSequences: true }),
      layers.simpleRNN({ units: 64 }),
    ],
  };
  for (const [name, make] of Object.entries(chains)) {
    const model = tf.sequential({ layers: make() as never });
    const shape = model.inputs[0].shape.map((size) => size ?? (name === "gelu" ? 4096 : 32));
    const inputs: Tensor = tf.zeros(shape);
    for (const batchNormalization of ["inference", "training"] as const) {
      const most = await heapPeak(tf, () => measure(model, { inputs }, { batchNormalization }));
      const ratio = estimateMemory(layersOf(model), usesOf(model, shape)) / most;
      assert(ratio > 0.7 && ratio < 1.25, `${name}, ${batchNormalization}: ${ratio}`);
    }
    model.dispose();
    inputs.dispose();
  }
});

Deno.test("layerUses() has the sizes of the batch, and what wrappers and models call", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const convolution = () => tf.layers.conv2d({ filters: 2, kernelSize: 3 });
  const images = tf.input({ shape: [null, null, 1] });
  const shared = tf.layers.conv2d({ filters: 1, kernelSize: 3, padding: "same" });
  const twice = tf.model({
    inputs: images,
    outputs: shared.apply(shared.apply(images)) as typeof images,
  });
  const nested = tf.sequential({ layers: [tf.sequential({ layers: [twice] }), convolution()] });
  const frames = tf.sequential({
    layers: [
      tf.layers.timeDistributed({ layer: convolution(), inputShape: [4, 9, 8, 1] }),
      tf.layers.timeDistributed({ layer: tf.layers.flatten() }),
      tf.layers.bidirectional({
        layer: tf.layers.gru({ units: 3, returnSequences: true }) as never,
        mergeMode: "concat",
      }),
    ],
  });
  const shapes = (model: LayersModel, ...inputs: number[][]) =>
    usesOf(model, ...inputs).map(({ output, times }) => [times, ...output]);
  assertEquals(shapes(nested, [5, 12, 10, 1]), [
    [1, 5, 12, 10, 1],
    [1, 5, 12, 10, 1],
    [1, 5, 10, 8, 2],
  ]);
  assertEquals(shapes(frames, [5, 4, 9, 8, 1]), [[4, 5, 7, 6, 2], [4, 5, 84], [2, 5, 4, 3]]);
  assertEquals(Object.hasOwn(shared, "computeOutputShape"), false);
  nested.dispose();
  frames.dispose();
});

Deno.test("a full heap is an error, and the engine computes on", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const before = tf.memory().numTensors;
  const held: Tensor[] = [];
  let message = "";
  try {
    // Never written to, so the system gives no memory for it.
    while (held.length < 10) held.push(tf.engine().makeTensorFromTensorInfo(allocate(GIB / 2)));
  } catch (error) {
    message = (error as Error).message;
  }
  assert(held.length < 9, "more than 4 GiB");
  assertEquals(
    message,
    "The WASM heap, which can have 4 GiB, has no room for another 512 MiB: " +
      "use fewer examples, or dispose tensors",
  );
  assertEquals(tf.tidy(() => tf.tensor1d([1, 2]).add(1).dataSync()), new Float32Array([2, 3]));
  // Down to single entries: there the backend's own code would abort.
  let refused = 0;
  for (const bytes of [2 ** 27, 2 ** 20, 2 ** 15, 2 ** 10, 32, 4]) {
    try {
      for (;;) held.push(tf.engine().makeTensorFromTensorInfo(allocate(bytes)));
    } catch (error) {
      assert(error instanceof RangeError, `${error}`);
      refused++;
    }
  }
  assertEquals(refused, 6);
  tf.dispose(held);
  assertEquals(tf.tidy(() => tf.ones([30, 30]).sum().dataSync()[0]), 900);
  assertEquals(tf.memory().numTensors, before);

  function allocate(bytes: number) {
    const backend = tf.backend() as unknown as {
      makeOutput(shape: number[], dtype: "float32"): Parameters<
        ReturnType<typeof tf.engine>["makeTensorFromTensorInfo"]
      >[0];
    };
    return backend.makeOutput([bytes / 4], "float32");
  }
});
