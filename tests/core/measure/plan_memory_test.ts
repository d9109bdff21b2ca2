import { InputError } from "../../../src/ground/words/input_error.ts";
import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { HEAP_LIMIT } from "../../../src/engine/heap/guard_heap.ts";
import { startEngine, type Tensor } from "../../../src/engine/mod.ts";
import type { Layer, LayersModel, TensorFlow } from "../../../src/engine/tensorflow.ts";
import { defaultExamples } from "../../../src/core/measure/measure_options.ts";
import { measure } from "../../../src/entry/measure.ts";
import {
  estimatePass,
  fittingExamples,
  planMemory,
  requireOneFits,
} from "../../../src/core/measure/plan_memory.ts";
import { leafLayers } from "../../../src/entry/model.ts";

/** Returns the arguments of `planMemory()` for a model and this many examples. */
function subjectOf(model: LayersModel, examples: number, onBatch: Layer[] = []) {
  const inputs = model.inputs.map(({ shape }) => [examples, ...shape.slice(1) as number[]]);
  const layers = leafLayers(model).map(({ layer }) => layer);
  return { model, layers, containers: [], inputs, onBatch: new Set(onBatch) };
}

/** A network whose hidden layer takes nearly all of what a pass takes. */
function wide({ sequential, layers }: TensorFlow): LayersModel {
  return sequential({
    layers: [layers.dense({ units: 4096, inputShape: [64] }), layers.dense({ units: 1 })],
  });
}

Deno.test("planMemory() runs what fits in one go, and cuts one example more", async () => {
  await using engine = await startEngine();
  const model = wide(engine.tf);
  const most = fittingExamples(subjectOf(model, 1));
  assert(estimatePass(subjectOf(model, 1), most) <= 0.75 * HEAP_LIMIT);
  assert(estimatePass(subjectOf(model, 1), most + 1) > 0.75 * HEAP_LIMIT);
  assertEquals(planMemory(subjectOf(model, most)), { kind: "whole" });
  const examples = Math.ceil((most + 1) / 2);
  assertEquals(planMemory(subjectOf(model, most + 1)), { kind: "parts", examples, apart: [] });
  model.dispose();
});

Deno.test("planMemory() counts the batch, and the outputs of all parts, besides a part", async () => {
  await using engine = await startEngine();
  const { sequential, layers } = engine.tf;
  const hidden = layers.dense({ units: 256, inputShape: [1024] });
  const model = sequential({ layers: [hidden, layers.dense({ units: 2 })] });
  // 1.5 GiB of the heap are the batch: a part has half of what it would have of a small one.
  const plan = planMemory(subjectOf(model, 600_000));
  assert(plan.kind === "parts");
  const part = estimatePass(subjectOf(model, 1), plan.examples);
  assert(600_000 * 4 * 1024 + part <= 0.75 * HEAP_LIMIT, `${part}`);
  assertThrows(() => planMemory(subjectOf(model, 600_000), 500_000), InputError, "microBatch");
  model.dispose();
  // Outputs of all examples, which are put together, and their gradient.
  const broad = sequential({ layers: [layers.dense({ units: 4096, inputShape: [64] })] });
  const many = fittingExamples(subjectOf(broad, 1)) + 1;
  assertEquals(planMemory(subjectOf(broad, many)).kind, "offload");
  broad.dispose();
});

Deno.test("planMemory() asks again where the batch or the layers are others than those that were small", async () => {
  await using engine = await startEngine();
  const { layers } = engine.tf;
  const model = wide(engine.tf) as ReturnType<TensorFlow["sequential"]>;
  const many = fittingExamples(subjectOf(model, 1));
  assertEquals(planMemory(subjectOf(model, 1)).kind, "whole");
  assertEquals(planMemory(subjectOf(model, many + 1)).kind, "parts");
  const some = Math.floor(many / 10);
  assertEquals(planMemory(subjectOf(model, some)).kind, "whole");
  model.add(layers.dense({ units: 4096 }));
  for (let i = 0; i < 20; i++) model.add(layers.activation({ activation: "tanh" }));
  model.add(layers.dense({ units: 1 }));
  assertEquals(planMemory(subjectOf(model, some)).kind, "parts");
  model.dispose();
});

Deno.test("planMemory() keeps a batch whole where layers may see all of it", async () => {
  await using engine = await startEngine();
  const { sequential, layers } = engine.tf;
  const normalization = layers.batchNormalization();
  const model = sequential({
    layers: [layers.dense({ units: 4096, inputShape: [64] }), normalization],
  });
  const many = fittingExamples(subjectOf(model, 1)) + 1;
  assertEquals(planMemory(subjectOf(model, many)).kind, "parts");
  assertEquals(planMemory(subjectOf(model, many, [normalization])).kind, "offload");
  const own = model.layers[0];
  own.call = (inputs, kwargs) => Object.getPrototypeOf(own).call.call(own, inputs, kwargs);
  assertEquals(planMemory(subjectOf(model, many)).kind, "offload", "somebody has changed a layer");
  model.dispose();
});

Deno.test("planMemory() refuses what its largest layer cannot hold, with the estimate", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const model = tf.sequential({
    name: "large",
    layers: [
      tf.layers.conv2d({ filters: 64, kernelSize: 3, inputShape: [null, null, 3] as never }),
      tf.layers.conv2d({ filters: 64, kernelSize: 3, activation: "relu" }),
    ],
  });
  const of = (height: number) => ({
    inputs: { shape: [1, height, 3002, 3], dataSync: () => [] } as unknown as Tensor,
  });
  await assertRejects(() => measure(model, of(2002)), InputError, "GiB of the WASM heap: 5.7 GiB");
  const subject = subjectOf(model, 1);
  assertEquals(planMemory({ ...subject, inputs: [[1, 1202, 3002, 3]] }).kind, "offload");
  assertThrows(
    () => requireOneFits(model, 3002),
    InputError,
    "batch.inputs has the shapes [1, 3002",
  );
  requireOneFits(model, 64);
  await assertRejects(
    () =>
      measure(model, { inputs: { ...of(900).inputs, shape: [2, 2002, 3002, 3] } as Tensor }, {
        microBatch: 1,
      }),
    InputError,
    "microBatch is 1, with which batch.inputs has the shapes [1, 2002, 3002, 3]",
  );
  model.dispose();
});

Deno.test("defaultExamples() is 32, or fewer where a pass of them does not fit", async () => {
  await using engine = await startEngine();
  const { sequential, layers } = engine.tf;
  const of = (size: number) => {
    const model = sequential({
      layers: [
        layers.conv2d({ filters: 64, kernelSize: 3, inputShape: [size, size, 3] }),
        layers.globalAveragePooling2d({}),
      ],
    });
    const examples = defaultExamples(model);
    const subject = subjectOf(model, 1);
    model.dispose();
    return {
      examples,
      fits: (count: number) => planMemory({ ...subject, inputs: [[count, size, size, 3]] }),
    };
  };
  assertEquals(of(64).examples, 32);
  const large = of(1024);
  assert(large.examples < 32 && large.examples > 1, `${large.examples}`);
  // Each of these fits, and twice as many do not.
  const halves = [280, 400, 540, 780, 1100, 1560].map(of);
  assertEquals(halves.map(({ examples }) => examples), [32, 16, 8, 4, 2, 1]);
  for (const { examples, fits } of [large, ...halves]) {
    if (examples > 1) assertEquals(fits(examples).kind, "whole", `${examples}`);
    if (examples < 32) assertEquals(fits(2 * examples).kind === "whole", false, `${examples}`);
  }
  const stateful = sequential({
    layers: [layers.simpleRNN({ units: 3, stateful: true, batchInputShape: [4, 5, 2] })],
  });
  assertEquals(defaultExamples(stateful), 4);
  stateful.dispose();
});

Deno.test("estimatePass() counts every input of the batch besides what the pass takes", async () => {
  await using engine = await startEngine();
  const { tf } = engine;
  const inputs = [3, 5].map((size) => tf.input({ shape: [size] }));
  const both = tf.layers.concatenate().apply(inputs) as typeof inputs[0];
  const model = tf.model({ inputs, outputs: both });
  const subject = { ...subjectOf(model, 1), inputs: [[1, 3], [1, 5]] };
  // Without layers there is the batch alone.
  assertEquals(estimatePass({ ...subject, layers: [] }, 10), 4 * 10 * (3 + 5));
  model.dispose();
});
