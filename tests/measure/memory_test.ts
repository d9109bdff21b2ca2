import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { startEngine, type Tensor } from "../../src/engine/mod.ts";
import { measure } from "../../src/measure/mod.ts";
import { estimateMemory } from "../../src/measure/estimate_memory.ts";
import { containerLayers } from "../../src/model/inner_layers.ts";
import { leafLayers } from "../../src/model/mod.ts";
import { layerTraits } from "../../src/traits/layer_traits.ts";
import { layerUses } from "../../src/measure/layer_uses.ts";
import { heapPeak } from "../../bench/heap_peak.ts";
import type { LayersModel } from "../../src/engine/tensorflow.ts";

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
    4 * (8 * 3 + 3 + 8 * 3 + 1.7 * 10 * 3 + 10 * (3 + 8)),
  );
  model.dispose();
});

Deno.test("estimateMemory() counts a product with its bias where an activation follows, and z otherwise", async () => {
  await using engine = await startEngine();
  const { layers, sequential } = engine.tf;
  const kept = (layer: LayersModel["layers"][0], shape: number[]) => {
    const model = sequential({ layers: [layer] });
    const bytes = estimateMemory([], usesOf(model, shape));
    const [output] = usesOf(model, shape).map((use) => use.output);
    model.dispose();
    const sizes = [shape, output].map((size) => size.reduce((a, b) => a * b, 1));
    // The rest is the gradients of output and input.
    return (bytes / 4 - sizes[0] - sizes[1]) / sizes[1];
  };
  const row = { units: 3, inputShape: [8] };
  assertAlmostEquals(kept(layers.dense(row), [10, 8]), 1.2, 1e-9);
  assertAlmostEquals(kept(layers.dense({ ...row, activation: "tanh" }), [10, 8]), 1.7, 1e-9);
  const map = { filters: 3, kernelSize: 3, inputShape: [6, 6, 2] };
  assertAlmostEquals(kept(layers.conv2d(map), [10, 6, 6, 2]), 1.2, 1e-9);
  assertAlmostEquals(
    kept(layers.conv2d({ ...map, activation: "tanh" }), [10, 6, 6, 2]),
    2.2,
    1e-9,
  );
});

Deno.test("estimateMemory() counts nothing for an activation that it does not know", () => {
  const kept = (activation: string | null) => {
    const layer = {
      getClassName: () => "Dense",
      ...activation === null
        ? {}
        : { activation: { apply: () => {}, getClassName: () => activation } },
    };
    const use = { layer, input: [1, 0], output: [1, 10], times: 1 } as never;
    return estimateMemory([], [use]) / 4 - 10;
  };
  for (const none of ["Unheard", "linear", null]) assertAlmostEquals(kept(none), 12, 1e-9);
  assertAlmostEquals(kept("tanh"), 17, 1e-9);
});

Deno.test("estimateMemory() counts every step of a recurrent layer, with or without sequences", async () => {
  await using engine = await startEngine();
  const { layers } = engine.tf;
  const outputs = (layer: ReturnType<typeof layers.lstm>) => {
    const model = engine.tf.sequential({ layers: [layer] });
    const shape = model.inputs[0].shape.map((size) => size ?? 10);
    const [use] = usesOf(model, shape);
    const gradients = [use.input, use.output].map((size) => size.reduce((a, b) => a * b, 1));
    const bytes = estimateMemory([], [use]) - 4 * (gradients[0] + gradients[1]);
    const { cell } = model.layers[0] as unknown as { cell: LayersModel["layers"][0] };
    model.dispose();
    return bytes / 4 / layerTraits(cell.getClassName()).memoryCopies;
  };
  for (const returnSequences of [false, true]) {
    const more = { returnSequences, inputShape: [5, 2] };
    assertEquals(outputs(layers.lstm({ units: 3, ...more })), 10 * 5 * 3);
    const images = { ...more, inputShape: [5, 8, 7, 2] };
    assertEquals(
      outputs(layers.convLstm2d({ filters: 3, kernelSize: 2, ...images }) as never),
      10 * 5 * 7 * 6 * 3,
    );
  }
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
